import type { Deadline } from '../spi/deadline.ts'
import type { ConnectionActivity } from '../spi/pooled-connection.ts'
import type { CloseReason, Slot } from './slot.ts'

/** What the engine needs to know of the things it pools. */
export interface SlotFactory<T, Lent> {
  /** What is lent is an object of its own, which nobody but the borrower holds: that he drops it can be found out. */
  readonly lendsHandles: boolean
  /** Obeys the deadline, and leaves nothing behind when it fails. */
  create(deadline: Deadline): Promise<T>
  /** Settles when it is gone: until then it counts. Without a reason it was never lent. */
  destroy(resource: T, reason?: CloseReason): Promise<void>
  validate(resource: T, deadline: Deadline): Promise<boolean>
  needsReset(resource: T): boolean
  reset(resource: T, deadline: Deadline): Promise<void>
  isBroken(resource: T): boolean
  /** What it does for its borrower at this moment. */
  activity(resource: T): ConnectionActivity
  /** The resource is in its slot; before it is lent for the first time. */
  attach(slot: Slot<T>): void
  /** What the borrower gets: made at the moment of the hand-over, synchronously. */
  lend(resource: T): Lent
}
