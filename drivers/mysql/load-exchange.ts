import { SQLNonTransientException, type SQLException } from '../../src/api/sql-exception.ts'
import { portions, type ByteSource } from '../../src/spi/byte-source.ts'
import { interrupted } from './exchange.ts'
import { localInfileOff } from './local-file.ts'
import type { MySqlPacket } from './mysql-module.ts'
import { encodeParameters } from './parameters.ts'
import { QueryExchange } from './query-exchange.ts'
import type { Response } from './response.ts'
import { ServerError } from './server-error.ts'
import { StatementCache } from './statement-cache.ts'
import type { Wire } from './wire.ts'

const nothing = new Uint8Array()
/** It is never prepared. */
const unprepared = new StatementCache(0, 0)

/**
 * A LOAD DATA LOCAL: reads its source as fast as the server takes the data.
 *
 * The protocol has one end of a file, and the server takes what came before it for all of the file: a load that was
 * broken off fails here, and is undone by what it runs in.
 */
export class LoadExchange extends QueryExchange {
  /** What the source threw: the load was ended because of it. */
  sourceFailure: { readonly error: unknown } | undefined
  readonly #source: ByteSource
  #file: 'not asked for' | 'open' | 'whole' | 'broken off' = 'not asked for'
  #awaitsSource = false
  #wake: (() => void) | undefined

  constructor(
    wire: Wire,
    sql: string,
    fetchesWarnings: boolean,
    source: ByteSource,
    finished: (exchange: LoadExchange) => void,
    lost: (error: SQLException) => void,
  ) {
    const run = {
      sql,
      kind: 'statement',
      parameters: encodeParameters([], Infinity),
      values: { tinyInt1: 'number', native: false },
      asText: true,
      fetchesWarnings,
    } as const
    super(wire, unprepared, unprepared.use(sql), run, () => finished(this), lost)
    this.#source = source
  }

  override get awaitsAnswer(): boolean {
    return !(this.#isOpen && this.#awaitsSource)
  }

  /** The server takes no notice of a KILL while it waits for data. */
  override stop(): void {
    super.stop()
    if (this.#isOpen) this.#endFile('broken off')
  }

  override lose(error: Error): boolean {
    this.#file = 'broken off'
    this.#wake?.()
    return super.lose(error)
  }

  override refusal(): SQLException {
    return localInfileOff(this.failure) ?? super.refusal()
  }

  protected override fileAsked(response: Response): void {
    if (this.#file !== 'not asked for') super.fileAsked(response)
    else if (this.isStopped) this.#endFile('broken off')
    else {
      this.#file = 'open'
      void this.#feed()
    }
  }

  protected override take(packet: MySqlPacket): boolean {
    // It has an answer before the end of its question: the next one would be read as more of the file.
    if (this.#isOpen) {
      const isError = packet.buffer[packet.offset] === 0xff
      this.wire.destroy(
        isError ? ServerError.of(packet) : new Error('it answered before the end of the file'),
      )
      return true
    }
    const isOver = super.take(packet)
    if (isOver && this.#file === 'not asked for') this.failure ??= notAskedFor()
    if (isOver && this.#file === 'broken off') this.failure ??= interrupted()
    return isOver
  }

  get #isOpen(): boolean {
    return this.#file === 'open'
  }

  async #feed(): Promise<void> {
    try {
      this.#awaitsSource = true
      for await (const portion of portions(this.#source, 'LOAD DATA')) {
        this.#awaitsSource = false
        if (this.#isOpen) await this.#write(portion)
        if (!this.#isOpen) return
        this.#awaitsSource = true
      }
      if (this.#isOpen) this.#endFile('whole')
    } catch (error) {
      // Of a source that nobody wants any more.
      if (!this.#isOpen) return
      this.sourceFailure = { error }
      this.#endFile('broken off')
    }
  }

  /** Settles when the socket has taken it, or nobody wants it any more. */
  #write(portion: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      this.wire.writeFile(portion, resolve)
    })
  }

  #endFile(how: 'whole' | 'broken off'): void {
    this.#file = how
    this.wire.writeFile(nothing)
    this.#wake?.()
  }
}

function notAskedFor(): SQLException {
  return new SQLNonTransientException('The server has asked for no data: nothing was loaded', {
    sqlState: '08P01',
    reason: 'internal',
  })
}
