import { callListener } from '../session/listeners.ts'
import type { EvictMode } from './administration.ts'
import type { CloseReason } from './slot.ts'
import type { PoolSnapshot } from './errors.ts'
import type { UnheardEvents } from './unheard-events.ts'

/** A physical connection (or other resource) in an event. */
export interface PoolMember {
  /** The driver's name for it. */
  readonly id: string
  /** Milliseconds since it was made. */
  readonly age: number
  /** How many times it was lent. */
  readonly uses: number
}

/** All that a pool tells. Durations in milliseconds. */
export interface PoolEvents {
  /** Someone asks; `waiting` were in the queue before. */
  requested: { readonly waiting: number }
  acquired: { readonly member: PoolMember; readonly waited: number }
  /** A borrower gave it back; `used` is 0 when nobody listened at its beginning. */
  released: { readonly member: PoolMember; readonly used: number }
  created: { readonly member: PoolMember; readonly took: number }
  /** It is gone, and its place is free. */
  closed: { readonly member: PoolMember; readonly reason: CloseReason; readonly error?: unknown }
  validated: { readonly member: PoolMember; readonly valid: boolean; readonly took: number }
  reset: { readonly member: PoolMember; readonly took: number; readonly error?: unknown }
  /** Someone stopped waiting: its time was up or its signal was aborted. */
  timedOut: { readonly waited: number; readonly error: Error; readonly snapshot: PoolSnapshot }
  /** A function that holds a connection asked for another while all were in use. See the setting of that name. */
  nestedAcquisition: { readonly snapshot: PoolSnapshot }
  /** `attempt` counts from 1 since the last success; the next is made no sooner than in `retryIn`. */
  connectFailed: { readonly error: unknown; readonly attempt: number; readonly retryIn: number }
  /** A connect succeeded after failures; the outage lasted this long. */
  recovered: { readonly attempts: number; readonly took: number }
  /**
   * Somebody holds a connection for longer than leakDetectionThreshold: `used` so far. Once for each borrowing. `stack` is
   * where it was borrowed, if leakStackSampling kept that; `running`: a statement runs on it now.
   */
  leakSuspected: {
    readonly member: PoolMember
    readonly used: number
    readonly stack: string | undefined
    readonly running: boolean
  }
  /** What was suspected was given back after all. */
  leakReturned: { readonly member: PoolMember; readonly used: number; readonly stack: string | undefined }
  /**
   * A connection was taken back, and closed: its handle was `dropped` without having been closed, or `reclaimed` because
   * others waited (leakReclaim).
   */
  leakRecovered: {
    readonly member: PoolMember
    readonly used: number
    readonly stack: string | undefined
    readonly why: 'dropped' | 'reclaimed'
  }
  /** The settings of these names have other values from now on. */
  reconfigured: { readonly changed: readonly string[] }
  /** Nobody gets a connection until `resumed`. */
  suspended: object
  /** After having been suspended for so long. */
  resumed: { readonly took: number }
  /** So many connections go, at once or when they come back. */
  evicted: { readonly mode: EvictMode; readonly connections: number }
}

/** What can be listened to. */
export type PoolEventName = keyof PoolEvents
/** Called synchronously with the event. */
export type PoolEventListener<Name extends PoolEventName> = (event: PoolEvents[Name]) => void

type List<Name extends PoolEventName> = readonly PoolEventListener<Name>[] | undefined
type Lists = { [Name in PoolEventName]: List<Name> }

/**
 * The one stream of events of a pool. Listeners are called synchronously, on a copy of the list; one that throws is
 * reported once by `process.emitWarning` (code `WELLHEAD_LISTENER`), and changes nothing. What must not go unnoticed is
 * said in the same way when nobody listens: see `UnheardEvents`.
 */
export class PoolEventStream {
  /** Undefined where nobody listens: the emitter looks here before it makes an event. */
  readonly lists: Lists = {
    requested: undefined,
    acquired: undefined,
    released: undefined,
    created: undefined,
    closed: undefined,
    validated: undefined,
    reset: undefined,
    timedOut: undefined,
    nestedAcquisition: undefined,
    connectFailed: undefined,
    recovered: undefined,
    leakSuspected: undefined,
    leakReturned: undefined,
    leakRecovered: undefined,
    reconfigured: undefined,
    suspended: undefined,
    resumed: undefined,
    evicted: undefined,
  }
  readonly #name: string
  readonly #unheard: UnheardEvents | undefined

  /**
   * @param name Of the pool, for the warning.
   * @param unheard Told of events that nobody listens to.
   */
  constructor(name: string, unheard?: UnheardEvents) {
    this.#name = name
    this.#unheard = unheard
  }

  /** Adding a listener twice counts once. The function returned takes it away. */
  on<Name extends PoolEventName>(name: Name, listener: PoolEventListener<Name>): () => void {
    const list: List<Name> = this.lists[name]
    if (list === undefined) this.#set(name, [listener])
    else if (!list.includes(listener)) this.#set(name, [...list, listener])
    return () => this.off(name, listener)
  }

  off<Name extends PoolEventName>(name: Name, listener: PoolEventListener<Name>): void {
    const list: List<Name> = this.lists[name]
    const others = list?.filter((other) => other !== listener)
    this.#set(name, others?.length === 0 ? undefined : others)
  }

  emit<Name extends PoolEventName>(name: Name, event: PoolEvents[Name]): void {
    const list: List<Name> = this.lists[name]
    if (list === undefined) {
      this.#unheard?.tell(name, event)
      return
    }
    for (const listener of list) {
      // One that an earlier listener took away hears nothing any more.
      const now: List<Name> = this.lists[name]
      if (now?.includes(listener) === true) callListener(this.#name, name, listener, invoke, event)
    }
  }

  #set<Name extends PoolEventName>(name: Name, list: List<Name>): void {
    const lists: { [N in Name]: List<N> } = this.lists
    lists[name] = list
  }
}

function invoke<Event>(listener: (event: Event) => void, event: Event): unknown {
  return listener(event)
}
