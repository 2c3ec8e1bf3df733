import { callListener } from '../session/listeners.ts'
import type { CloseReason } from './slot.ts'
import type { PoolSnapshot } from './errors.ts'

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
  /** `attempt` counts from 1 since the last success; the next is made no sooner than in `retryIn`. */
  connectFailed: { readonly error: unknown; readonly attempt: number; readonly retryIn: number }
  /** A connect succeeded after failures; the outage lasted this long. */
  recovered: { readonly attempts: number; readonly took: number }
}

/** What can be listened to. */
export type PoolEventName = keyof PoolEvents
/** Called synchronously with the event. */
export type PoolEventListener<Name extends PoolEventName> = (event: PoolEvents[Name]) => void

type List<Name extends PoolEventName> = readonly PoolEventListener<Name>[] | undefined
type Lists = { [Name in PoolEventName]: List<Name> }

/**
 * The one stream of events of a pool. Listeners are called synchronously, on a copy of the list; one that throws is
 * reported once by `process.emitWarning` (code `WELLHEAD_LISTENER`), and changes nothing.
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
    connectFailed: undefined,
    recovered: undefined,
  }
  readonly #name: string

  /** @param name Of the pool, for the warning. */
  constructor(name: string) {
    this.#name = name
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
    if (list === undefined) return
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
