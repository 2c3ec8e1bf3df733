/** Listeners in the order of their coming. Notifying goes over a copy; one added twice counts once. */
export class Listeners<Listener extends object> {
  #listeners: readonly Listener[] = []

  get isEmpty(): boolean {
    return this.#listeners.length === 0
  }

  add(listener: Listener): void {
    if (!this.#listeners.includes(listener)) this.#listeners = [...this.#listeners, listener]
  }

  remove(listener: Listener): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener)
  }

  /** Calls for each listener. One that throws is reported and changes nothing; one removed meanwhile is left out. */
  notify<Event>(call: (listener: Listener, event: Event) => void, event: Event): void {
    const listeners = this.#listeners
    for (const listener of listeners) {
      if (this.#listeners !== listeners && !this.#listeners.includes(listener)) continue
      try {
        call(listener, event)
      } catch (error) {
        reportListenerError(error)
      }
    }
  }
}

/** A listener threw: told once to the process, and to nobody else. */
function reportListenerError(error: unknown): void {
  process.emitWarning(
    `A listener threw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    {
      code: 'WELLHEAD_LISTENER_THREW',
    },
  )
}
