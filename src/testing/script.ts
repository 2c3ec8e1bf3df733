import type { SQLException } from '../api/sql-exception.ts'

/** The operations of a physical connection that can be made to fail. */
export type ScriptedStep =
  | 'connect'
  | 'execute'
  | 'batch'
  | 'script'
  | 'fetch'
  | 'close stream'
  | 'begin'
  | 'commit'
  | 'rollback'
  | 'savepoint'
  | 'release'
  | 'configure'
  | 'cancel'
  | 'ping'
  | 'reset'
  | 'close'

/**
 * What happens instead of, or before, the operation.
 *
 * - an `SQLException`: it rejects with it; the session dies when the error is `fatal`.
 * - `hang`: there is no answer until the connection is destroyed; a cancel has no effect.
 * - `die`: the session ends (08006, as `connectionLost` says); at `connect` the server refuses it (08001).
 * - `rolled-back`: a commit is answered so.
 * - `delay`: it takes so many milliseconds longer, and can be cancelled in that time.
 * - `rollsBack`: the server rolls the transaction back by itself.
 * - `applied`: it takes effect first, and only its answer is the error.
 */
export type ScriptedFailure =
  | SQLException
  | 'hang'
  | 'die'
  | 'rolled-back'
  | { readonly delay: number }
  | { readonly error: SQLException; readonly rollsBack?: boolean; readonly applied?: boolean }

/** Which of the coming operations a failure is for. */
export interface ScriptedFailureOptions {
  /** Only on the session of this id. Default: on any. */
  readonly session?: string | undefined
  /** How many matching operations pass before it. Default: 0. */
  readonly after?: number | undefined
  /** How many operations fail in this way; `Infinity` for all. Default: 1. */
  readonly times?: number | undefined
}

/** One line of a script. */
export interface ScriptedFailureEntry extends ScriptedFailureOptions {
  readonly step: ScriptedStep
  readonly failure: ScriptedFailure
}

interface Pending {
  readonly entry: ScriptedFailureEntry
  after: number
  times: number
}

/** The failures still to come, in the order in which they were asked for. */
export class Script {
  readonly #pending: Pending[] = []

  add(entry: ScriptedFailureEntry): void {
    this.#pending.push({ entry, after: entry.after ?? 0, times: entry.times ?? 1 })
  }

  /** The failure for an operation that begins now, if there is one. */
  take(step: ScriptedStep, session: string): ScriptedFailure | undefined {
    for (const pending of this.#pending) {
      const { entry } = pending
      if (entry.step !== step || (entry.session !== undefined && entry.session !== session)) continue
      if (pending.after-- > 0) continue
      if (--pending.times === 0) this.#pending.splice(this.#pending.indexOf(pending), 1)
      return entry.failure
    }
    return undefined
  }

  clear(): void {
    this.#pending.length = 0
  }

  get remaining(): readonly ScriptedFailureEntry[] {
    return this.#pending.map(({ entry }) => entry)
  }
}
