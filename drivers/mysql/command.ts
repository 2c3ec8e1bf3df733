import type { SQLException } from '../../src/api/sql-exception.ts'
import { Exchange, interrupted, type RequestKind } from './exchange.ts'
import type { Frames } from './frames.ts'
import type { MySqlPacket } from './mysql-module.ts'
import type { Response } from './response.ts'
import type { Wire } from './wire.ts'

export type Rows = readonly (readonly unknown[])[]

/** Some requests without parameters, one after the other; the first error ends them. */
export class Command extends Exchange {
  readonly #requests: readonly Frames[]
  readonly #resolve: (rows: Rows) => void
  readonly #reject: (error: SQLException) => void
  readonly #rows: (readonly unknown[])[] = []
  #at = 0
  #response: Response
  #failure: unknown

  private constructor(
    wire: Wire,
    kind: RequestKind,
    requests: readonly Frames[],
    resolve: (rows: Rows) => void,
    reject: (error: SQLException) => void,
  ) {
    super(wire, kind)
    this.#requests = requests
    this.#resolve = resolve
    this.#reject = reject
    this.#response = this.#answer()
  }

  /** The rows that came, of all of them. */
  static run(wire: Wire, kind: RequestKind, ...requests: readonly Frames[]): Promise<Rows> {
    return new Promise((resolve, reject) => {
      wire.run(new Command(wire, kind, requests, resolve, reject))
    })
  }

  override lose(error: Error): boolean {
    this.#reject(this.exception(error))
    return true
  }

  protected override begin(): void {
    this.wire.write(this.#requests[this.#at]!)
  }

  protected override take(packet: MySqlPacket): boolean {
    if (!this.#response.take(packet)) return false
    this.#failure = this.#response.failure
    if (++this.#at === this.#requests.length || this.#failure !== undefined) return true
    if (this.isStopped) {
      this.#failure = interrupted()
      return true
    }
    this.#response = this.#answer()
    this.begin()
    return false
  }

  protected override finish(): void {
    if (this.#failure === undefined) this.#resolve(this.#rows)
    else this.#reject(this.exception(this.#failure))
  }

  #answer(): Response {
    return this.response({
      binary: false,
      values: { tinyInt1: 'number', native: false },
      onRow: (row) => this.#rows.push(row),
    })
  }
}
