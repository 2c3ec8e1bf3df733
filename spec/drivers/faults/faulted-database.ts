import type { DataSourceSettings } from '../../../src/index.ts'

/** A database of a private server, as the specs of faults need it. */
export interface FaultedDatabase {
  /** Of a data source for it. */
  readonly settings: DataSourceSettings & { readonly host: string; readonly port: number }
  /** The numbers of its sessions, as the server counts them. */
  sessions(): Promise<readonly number[]>
  /** Whether a statement of that session is under way, and waits as {@link FaultedDatabase.sleep} does. */
  sleeps(session: number): Promise<boolean>
  /** Ends a session from outside, as an administrator does. */
  terminate(session: number): Promise<unknown>
  /** A query that takes that many seconds. */
  readonly sleep: (seconds: number) => string
  /** The query of a session's number, as `id`. */
  readonly session: string
  /** Rows of which some come at once, and the last only after a minute. */
  readonly endlessRows: string
}
