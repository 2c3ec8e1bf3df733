/** A database in memory that fails when it is told to, for tests. */
export * from './scripted-driver.ts'
export type { ScriptedAnswer, ScriptedAnswerSource, ScriptedRows } from './answers.ts'
export type * from './script.ts'
export {
  connectionLost,
  deadlock,
  lockTimeout,
  serializationFailure,
  uniqueViolation,
} from './server-errors.ts'
