import type { Borrowing } from './borrowing.ts'

/** Where one place in the pool stands. A place is free again only when its physical connection is gone. */
export type SlotStateName =
  'connecting' | 'idle' | 'validating' | 'inUse' | 'resetting' | 'closing' | 'closed'

/** The states as small numbers: the counters of {@link SlotTable} are an array, and a move is two additions. */
export const SlotState = {
  connecting: 0,
  idle: 1,
  validating: 2,
  inUse: 3,
  resetting: 4,
  closing: 5,
  closed: 6,
} as const satisfies Record<SlotStateName, number>

export type SlotState = (typeof SlotState)[SlotStateName]

export const slotStateNames = Object.keys(SlotState) as readonly SlotStateName[]

/** All that may happen to a slot. `inUse → inUse` is the hand-over from one borrower to the next. */
export const legalMoves: Readonly<Record<SlotStateName, readonly SlotStateName[]>> = {
  connecting: ['idle', 'inUse', 'closing', 'closed'],
  idle: ['inUse', 'validating', 'closing'],
  validating: ['inUse', 'idle', 'closing'],
  inUse: ['inUse', 'idle', 'resetting', 'closing'],
  resetting: ['inUse', 'idle', 'closing'],
  closing: ['closed'],
  closed: [],
}

/** Why a physical connection was closed. */
export type CloseReason =
  | 'idleTimeout'
  | 'overflow'
  | 'stale'
  | 'maxLifetime'
  | 'maxUses'
  | 'broken'
  | 'invalid'
  | 'resetFailed'
  | 'invalidated'
  | 'resized'
  | 'evicted'
  | 'leaked'
  | 'poolClosed'

/** A place in the pool, and what the pool knows of the resource in it. Times are of the pool's clock. */
export class Slot<T> {
  state: SlotState = SlotState.connecting
  readonly number: number
  /** The name of the resource in events. */
  label: string
  /** Set from the end of `connecting` on. */
  resource: T | undefined = undefined
  createdAt = 0
  /** Since when nobody has used it; meaningful while idle or validating. */
  idleSince = 0
  /** When it was last known to be alive: returned by a borrower, or checked. */
  aliveAt = 0
  /** When it is too old, its random part included. */
  expiresAt = Infinity
  uses = 0
  /** A borrower holds it. In use but not lent is the moment between two borrowers. */
  lent = false
  /** When this use began; -1 when nobody looked at the clock. */
  lentAt = -1
  /** How long this use takes is for the statistics. */
  measured = false
  /** Checked before it is lent again, however short it was idle. */
  suspect = false
  /** This use, if it is watched: see `LeakWatch`. */
  borrowing: Borrowing<T> | undefined = undefined
  /** Why it is not to be lent again. */
  doom: CloseReason | undefined = undefined
  /** While validating or resetting: stops waiting for the answer. */
  giveUpStep: (() => void) | undefined = undefined
  /** Neighbours in the idle stack. */
  previous: Slot<T> | undefined = undefined
  next: Slot<T> | undefined = undefined
  linked = false

  constructor(number: number) {
    this.number = number
    this.label = `#${number}`
  }
}

const moves: readonly number[] = slotStateNames.map((from) =>
  legalMoves[from].reduce((mask, to) => mask | (1 << SlotState[to]), 0),
)

/** All slots of a pool, counted by state. The only place where a state changes. */
export class SlotTable<T> {
  readonly all = new Set<Slot<T>>()
  /** By {@link SlotState}. */
  readonly counts: number[] = slotStateNames.map(() => 0)
  /** Told when a slot becomes idle (true), and when it is no more. */
  onRest: ((slot: Slot<T>, rests: boolean) => void) | undefined = undefined
  /** All that count against maximumPoolSize: every state but `closed`. */
  total = 0
  #created = 0

  /** A new slot, connecting. */
  open(): Slot<T> {
    const slot = new Slot<T>(++this.#created)
    this.all.add(slot)
    this.counts[SlotState.connecting]!++
    this.total++
    return slot
  }

  /** @throws Error when the move is not in {@link legalMoves}: a fault in the pool, never in its use. */
  transition(slot: Slot<T>, to: SlotState): void {
    const from = slot.state
    if ((moves[from]! & (1 << to)) === 0) throw illegalMove(slot, to)
    slot.state = to
    this.counts[from]!--
    this.counts[to]!++
    if (this.onRest !== undefined && (from === SlotState.idle || to === SlotState.idle)) {
      this.onRest(slot, to === SlotState.idle)
    }
    if (to === SlotState.closed) {
      this.all.delete(slot)
      this.total--
    }
  }
}

function illegalMove(slot: Slot<unknown>, to: SlotState): Error {
  return new Error(`Slot ${slot.label} cannot go from ${slotStateNames[slot.state]} to ${slotStateNames[to]}`)
}
