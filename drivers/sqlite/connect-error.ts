import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import {
  type SQLException,
  SQLNonTransientConnectionException,
  SQLTransientConnectionException,
} from '../../src/api/sql-exception.ts'

/** Why a database could not be opened, as far as the file system tells: SQLite itself only says that it cannot. */
export function connectError(error: SQLException, path: string, readOnly: boolean): SQLException {
  if (error.errorCode !== undefined && typeof error.errorCode !== 'number') return error
  const primary = (error.errorCode ?? 0) & 0xff
  const why =
    primary === 14 || primary === 8
      ? fileTrouble(path, readOnly)
      : primary === 26
        ? 'the file is not a database'
        : undefined
  if (why !== undefined) {
    return new SQLNonTransientConnectionException(`Cannot open the SQLite database ${path}: ${why}`, {
      sqlState: '08001',
      reason: 'connect-failed',
      errorCode: error.errorCode,
      cause: error,
    })
  }
  if (error.reason === 'cancelled' || error.reason === 'timeout') return error
  return new SQLTransientConnectionException(`Cannot open the SQLite database ${path}: ${error.message}`, {
    sqlState: '08001',
    reason: 'connect-failed',
    errorCode: error.errorCode,
    retry: 'connect',
    cause: error,
  })
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
