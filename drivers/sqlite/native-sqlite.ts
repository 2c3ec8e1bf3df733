import type * as NodeSqlite from 'node:sqlite'
import { requireNode } from './node-version.ts'

/**
 * `node:sqlite` without its ExperimentalWarning (Node 22): whoever chose this driver knows, and the warning would
 * come once for every thread.
 */
function loadQuietly(): typeof NodeSqlite {
  requireNode()
  const emitWarning = Object.getOwnPropertyDescriptor(process, 'emitWarning')!
  Object.defineProperty(process, 'emitWarning', { ...emitWarning, value: () => undefined })
  try {
    return process.getBuiltinModule('node:sqlite')
  } finally {
    Object.defineProperty(process, 'emitWarning', emitWarning)
  }
}

export const { DatabaseSync } = loadQuietly()
