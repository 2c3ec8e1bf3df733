import type { Duration } from '../api/duration.ts'

/** Options of methods that bind. */
export interface BindOptions {
  /**
   * Makes the contexts that the name leads through. Default: true, so that `bind('jdbc/x', …)` works in an empty
   * context; JNDI's own rule, NameNotFoundException for a missing context, is `false`.
   */
  readonly createParents?: boolean | undefined
}

/** Options of `rebind`. */
export interface RebindOptions extends BindOptions {
  /**
   * Borrows a connection of the new data source, and gives it back, before the name changes: when that fails the old
   * one stays. Default: false.
   */
  readonly verify?: boolean | undefined
  /**
   * How long borrowers of the old data source may keep their connections; then they are taken from them. Once the
   * context is closed, 10 s more at the most. Default: 30 minutes.
   */
  readonly drainTimeout?: Duration | undefined
}
