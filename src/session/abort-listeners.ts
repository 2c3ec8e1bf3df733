const listenersOf = new WeakMap<AbortSignal, AbortListeners>()

/**
 * Calls back when a signal is aborted; what is returned takes that back. Many calls may have one signal, that of the end
 * of the program: a signal looks through all its listeners whenever one is added, so it has one listener of ours.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const listeners = listenersOf.get(signal) ?? new AbortListeners(signal)
  listeners.add(callback)
  return () => listeners.remove(callback)
}

class AbortListeners {
  readonly #signal: AbortSignal
  readonly #callbacks = new Set<() => void>()
  readonly #tell = (): void => {
    for (const callback of this.#callbacks) callback()
  }

  constructor(signal: AbortSignal) {
    this.#signal = signal
    listenersOf.set(signal, this)
    signal.addEventListener('abort', this.#tell, { once: true })
  }

  add(callback: () => void): void {
    this.#callbacks.add(callback)
  }

  remove(callback: () => void): void {
    if (!this.#callbacks.delete(callback) || this.#callbacks.size > 0) return
    listenersOf.delete(this.#signal)
    this.#signal.removeEventListener('abort', this.#tell)
  }
}
