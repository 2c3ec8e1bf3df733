/** Lets work pass, or has it wait. */
export class Gate {
  readonly #within = new Set<Promise<unknown>>()
  #opening: Promise<void> | undefined

  async pass<T>(work: () => Promise<T>): Promise<T> {
    while (this.#opening !== undefined) await this.#opening
    const done = work()
    this.#within.add(done)
    try {
      return await done
    } finally {
      this.#within.delete(done)
    }
  }

  /** Waits for what has passed, then runs; what comes meanwhile waits until it has run. */
  async closedWhile<T>(work: () => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#opening = promise
    try {
      await Promise.allSettled(this.#within)
      return await work()
    } finally {
      this.#opening = undefined
      resolve()
    }
  }
}
