/** Listeners in the order of their coming. Notifying goes over a copy; one added twice counts once. */
export class Listeners<Listener extends object> {
  readonly #owner: string
  #listeners: readonly Listener[] = []

  /** @param owner Whose events these are, for the warning about one that throws. */
  constructor(owner: string) {
    this.#owner = owner
  }

  get isEmpty(): boolean {
    return this.#listeners.length === 0
  }

  add(listener: Listener): void {
    if (!this.#listeners.includes(listener)) this.#listeners = [...this.#listeners, listener]
  }

  remove(listener: Listener): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener)
  }

  /** Calls each listener. One that throws is reported and changes nothing; one removed meanwhile is left out. */
  notify<Event>(name: string, call: (listener: Listener, event: Event) => unknown, event: Event): void {
    const listeners = this.#listeners
    for (const listener of listeners) {
      if (this.#listeners !== listeners && !this.#listeners.includes(listener)) continue
      callListener(this.#owner, name, listener, call, event)
    }
  }
}

const reported = new WeakSet()

/**
 * Calls a listener of the application so that its failure, now or in a promise, harms nobody. It is reported by
 * `process.emitWarning` with the code `WELLHEAD_LISTENER`, once for each listener.
 */
export function callListener<Listener extends object, Event>(
  owner: string,
  name: string,
  listener: Listener,
  call: (listener: Listener, event: Event) => unknown,
  event: Event,
): void {
  try {
    const outcome = call(listener, event)
    if (outcome instanceof Promise) outcome.catch((error: unknown) => report(owner, name, listener, error))
  } catch (error) {
    report(owner, name, listener, error)
  }
}

function report(owner: string, name: string, listener: object, error: unknown): void {
  // Once: a listener that fails on every event would bury everything else.
  if (reported.has(listener)) return
  reported.add(listener)
  process.emitWarning(`${owner}: a listener of '${name}' threw; it was ignored`, {
    type: 'WellheadWarning',
    code: 'WELLHEAD_LISTENER',
    detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
  })
}
