import type { Slot } from './slot.ts'

/** One lending that is watched. It knows where it was borrowed, and never the handle: that can be collected. */
export class Borrowing<T> {
  readonly slot: Slot<T>
  /** From the borrower's first line on; undefined when it was not captured. */
  readonly stack: string | undefined
  /** It took longer than leakDetectionThreshold, and that was told. */
  reported = false
  /** Neighbours, by age. */
  previous: Borrowing<T> | undefined = undefined
  next: Borrowing<T> | undefined = undefined
  linked = false

  constructor(slot: Slot<T>, stack: string | undefined) {
    this.slot = slot
    this.stack = stack
  }
}
