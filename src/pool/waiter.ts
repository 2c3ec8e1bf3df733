import type { Deadline } from '../spi/deadline.ts'
import type { OneShot } from './one-shot.ts'

/** A caller in the queue. Many may wait: this object, its promise, and nothing else. */
export class Waiter<Lent> {
  readonly resolve: (lent: Lent) => void
  readonly reject: (error: Error) => void
  /** When it joined the queue. */
  readonly since: number
  /** Its own deadline; without one the pool's connectionTimeout ends it. */
  readonly deadline: Deadline | undefined
  /** Where it was asked for, if that is to be kept. */
  readonly stack: string | undefined
  /** Takes back the request to be told of its deadline. */
  stop: (() => void) | undefined = undefined
  /** The statement that is all it wants to run. */
  oneShot: OneShot | undefined = undefined
  previous: Waiter<Lent> | undefined = undefined
  next: Waiter<Lent> | undefined = undefined
  linked = false

  constructor(
    resolve: (lent: Lent) => void,
    reject: (error: Error) => void,
    since: number,
    deadline: Deadline | undefined,
    stack?: string,
  ) {
    this.resolve = resolve
    this.reject = reject
    this.since = since
    this.deadline = deadline
    this.stack = stack
  }
}
