import type { SQLException } from '../api/sql-exception.ts'
import type { RawBatch } from './physical-connection.ts'

/** What the rows come from. While it is paused nothing of it is read, and so the server waits. */
export interface RowSource {
  pause(): void
  resume(): void
}

/** The rows of a stream that comes by itself, handed over in portions: it is halted while nobody wants the next one. */
export class RowPortions {
  readonly #fetchSize: number
  readonly #source: RowSource
  #rows: unknown[][] = []
  #isPaused = false
  #isDraining = false
  #isOver = false
  #resolve: ((batch: RawBatch) => void) | undefined
  #reject: ((error: SQLException) => void) | undefined
  #failed: SQLException | undefined

  constructor(fetchSize: number, source: RowSource) {
    this.#fetchSize = fetchSize
    this.#source = source
  }

  /** Nothing more will come. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Somebody waits for a portion, or for the end. */
  get isAwaited(): boolean {
    return this.#reject !== undefined
  }

  /** The next portion. Rejects with what ended the stream. */
  fetch(): Promise<RawBatch> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      if (this.#isOver) this.#deliver(true)
      else if (this.#rows.length >= this.#fetchSize) this.#deliver(false)
      else this.#resume()
    })
  }

  /** Takes the rest of the rows and keeps none of them. Rejects only when the session is lost. */
  drain(): Promise<void> {
    this.#isDraining = true
    this.#rows = []
    return new Promise((resolve, reject) => {
      this.#resolve = () => resolve()
      // The server was stopped, or the statement failed: either way it is over.
      this.#reject = (error) => (error.fatal ? reject(error) : resolve())
      this.#resume()
    })
  }

  add(row: unknown[]): void {
    if (this.#isDraining) return
    this.#rows.push(row)
    if (this.#rows.length < this.#fetchSize || this.#isPaused) return
    this.#isPaused = true
    this.#source.pause()
    this.#deliver(false)
  }

  /** @returns Whether somebody was told. */
  end(failed?: SQLException): boolean {
    this.#isOver = true
    this.#failed = failed
    return this.#deliver(true)
  }

  #resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#source.resume()
  }

  #deliver(done: boolean): boolean {
    const resolve = this.#resolve
    const reject = this.#reject
    if (resolve === undefined || reject === undefined) return false
    this.#resolve = this.#reject = undefined
    const rows = this.#rows
    this.#rows = []
    if (this.#failed === undefined) resolve({ rows, done })
    else reject(this.#failed)
    return true
  }
}
