import { SQLNonTransientException, type SQLException } from '../../src/api/sql-exception.ts'
import { portions, type ByteSource } from '../../src/spi/byte-source.ts'
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
 * The protocol has one end of a file, after which the server keeps what came. So a file that is broken off is ended
 * only when the server was told to end the statement (KILL QUERY): then it undoes it.
 */
export class LoadExchange extends QueryExchange {
  /** What the source threw: the load was ended because of it. */
  sourceFailure: { readonly error: unknown } | undefined
  /** The stopping that the source has caused: it must not hit what comes next. */
  stopping: Promise<void> | undefined
  readonly #source: ByteSource
  readonly #stopServer: () => Promise<void>
  #file: 'not asked for' | 'open' | 'whole' | 'broken off' = 'not asked for'
  #awaitsSource = false
  #wake: (() => void) | undefined

  /** @param stopServer Ends what runs; settles when that can hit nothing else. */
  constructor(
    wire: Wire,
    sql: string,
    fetchesWarnings: boolean,
    source: ByteSource,
    stopServer: () => Promise<void>,
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
    this.#stopServer = stopServer
  }

  override get awaitsAnswer(): boolean {
    return !this.#awaitsSource
  }

  override stop(): void {
    super.stop()
    this.#wake?.()
  }

  override killed(): void {
    if (this.#file === 'open') this.#endFile('broken off')
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
    if (this.#file !== 'not asked for') {
      super.fileAsked(response)
      return
    }
    this.#file = 'open'
    void this.#feed()
  }

  protected override take(packet: MySqlPacket): boolean {
    // It has an answer before the end of its question: the next one would be read as more of the file.
    if (this.#file === 'open') {
      const isError = packet.buffer[packet.offset] === 0xff
      this.wire.destroy(
        isError ? ServerError.of(packet) : new Error('it answered before the end of the file'),
      )
      return true
    }
    const isOver = super.take(packet)
    if (!isOver || this.failure !== undefined) return isOver
    if (this.#file === 'not asked for') this.failure = notAskedFor()
    // Only the loss of the session undoes it, where a transaction is open; otherwise nobody knows.
    if (this.#file === 'broken off') this.wire.destroy(new Error('it took a part of the file for all of it'))
    return true
  }

  /** Nobody wants more of it. */
  get #isClosed(): boolean {
    return this.isStopped || this.#file !== 'open'
  }

  async #feed(): Promise<void> {
    try {
      this.#awaitsSource = true
      for await (const portion of portions(this.#source, 'LOAD DATA')) {
        this.#awaitsSource = false
        if (!this.#isClosed) await this.#write(portion)
        if (this.#isClosed) return
        this.#awaitsSource = true
      }
      if (!this.#isClosed) this.#endFile('whole')
    } catch (error) {
      if (this.#isClosed) return
      this.sourceFailure = { error }
      this.stopping = this.#stopServer()
      this.stopping.catch((reason: Error) => this.wire.destroy(reason))
    } finally {
      this.#awaitsSource = false
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
  }
}

function notAskedFor(): SQLException {
  return new SQLNonTransientException('The server has asked for no data: nothing was loaded', {
    sqlState: '08P01',
    reason: 'internal',
  })
}
