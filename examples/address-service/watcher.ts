import type { Worker } from 'node:worker_threads'
import type { PooledDataSource } from 'wellhead'

/** Listens to data sources, and counts for itself what their statistics count as well. */
export class Watcher {
  acquired = 0
  released = 0
  /** Connections killed by {@link killIdleConnection}. */
  killed = 0
  readonly #first: PooledDataSource
  /** Connections of the first data source by id, the one that was given back first in front. */
  readonly #givenBack = new Set<string>()
  readonly #threads = new Map<number, Worker>()
  #onRelease: (() => void) | undefined
  readonly #stop: (() => void)[]

  constructor(first: PooledDataSource, ...others: PooledDataSource[]) {
    this.#first = first
    this.#stop = [
      first.on('acquired', ({ member }) => this.#givenBack.delete(member.id)),
      first.on('released', ({ member }) => {
        this.#givenBack.add(member.id)
        // Whether it becomes idle or goes to the next in the queue is decided after the event.
        if (this.#onRelease !== undefined) queueMicrotask(this.#onRelease)
      }),
      first.on('closed', ({ member }) => this.#givenBack.delete(member.id)),
      ...[first, ...others].flatMap((dataSource) => [
        dataSource.on('acquired', () => this.acquired++),
        dataSource.on('released', () => this.released++),
      ]),
    ]
    const remember = (worker: Worker): void => {
      this.#threads.set(worker.threadId, worker)
    }
    process.on('worker', remember)
    this.#stop.push(() => process.off('worker', remember))
  }

  /**
   * Ends the thread of an idle connection of the first data source behind the back of the pool, as a database ends a session: the pool is
   * not asked and not told. Returns the name of the connection, or undefined when none was idle in time.
   */
  killIdleConnection(patience: number): Promise<string | undefined> {
    return new Promise((resolve) => {
      const settle = (id: string | undefined): void => {
        clearTimeout(timer)
        this.#onRelease = undefined
        resolve(id)
      }
      const timer = setTimeout(settle, patience, undefined)
      this.#onRelease = () => {
        const id = this.#idle()
        const thread = this.#threads.get(Number(/\(thread (\d+)\)/.exec(id ?? '')?.[1]))
        if (id === undefined || thread === undefined || this.#onRelease === undefined) return
        this.killed++
        void thread.terminate()
        settle(id)
      }
      this.#onRelease()
    })
  }

  /** Nothing is heard any more. */
  stop(): void {
    for (const stop of this.#stop) stop()
  }

  /** The pool lends what was given back last: if any is idle, the one that was given back first is. */
  #idle(): string | undefined {
    if (this.#first.statistics().idle === 0) return undefined
    const [first] = this.#givenBack
    return first
  }
}
