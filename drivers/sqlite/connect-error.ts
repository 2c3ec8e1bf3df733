import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { SQLException } from '../../src/api/sql-exception.ts'
import { connectFailure } from '../../src/spi/classification.ts'
import { classify } from './errors.ts'

/** Why a database could not be opened, as far as the file system tells: SQLite itself only says that it cannot. */
export function connectError(error: SQLException, path: string, readOnly: boolean): SQLException {
  const { errorCode, reason } = error
  if (reason === 'cancelled' || reason === 'timeout' || typeof errorCode === 'string') return error
  const trouble = troubleOf((errorCode ?? 0) & 0xff, path, readOnly)
  const { class: errorClass, ...details } =
    trouble === undefined
      ? classify(error.cause, { phase: 'connect', transactionStatus: 'none' })
      : connectFailure(errorCode, true)
  return new errorClass(`Cannot open the SQLite database ${path}: ${trouble ?? error.message}`, {
    ...details,
    cause: error,
  })
}

function troubleOf(primaryCode: number, path: string, readOnly: boolean): string | undefined {
  if (primaryCode === 26) return 'the file is not a database'
  return primaryCode === 14 || primaryCode === 8 ? fileTrouble(path, readOnly) : undefined
}

/** What will be the same at the next try. */
function fileTrouble(path: string, readOnly: boolean): string | undefined {
  const folder = dirname(path)
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats?.isDirectory() === true) return 'it is a folder'
  if (stats === undefined) {
    if (statSync(folder, { throwIfNoEntry: false }) === undefined) return `there is no folder ${folder}`
    if (readOnly) return 'there is no such file, and none is created for reading only'
    return mayUse(folder, constants.W_OK) ? undefined : `files cannot be created in ${folder}`
  }
  if (!mayUse(path, constants.R_OK)) return 'the file cannot be read'
  if (!readOnly && !mayUse(path, constants.W_OK)) return 'the file cannot be written: open it with readOnly'
  return undefined
}

function mayUse(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}
