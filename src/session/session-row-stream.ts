import { wholeNumberOption } from '../api/call-options.ts'
import type { StreamOptions } from '../api/executor.ts'
import type { RowStream } from '../api/result.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { BoundParameters, RawStream } from '../spi/physical-connection.ts'
import type { CompiledStatement } from '../sql/compiled-statement.ts'
import { statementDeadline } from './call-deadline.ts'
import { toRows, type RowOptions } from './result-rows.ts'
import { streamWasCutOff } from './session-errors.ts'
import type { Caller, OpenStream, Session } from './session.ts'

const defaultFetchSize = 1_000

/** The rows of one statement, fetched as they are read. Belongs to one handle, and dies with it. */
export class SessionRowStream<Row> implements RowStream<Row>, OpenStream {
  readonly #session: Session
  readonly #caller: Caller
  readonly #prepare: () => { statement: CompiledStatement; bound: BoundParameters }
  readonly #outerDeadline: Deadline | undefined
  readonly #options: StreamOptions
  readonly #rowOptions: RowOptions
  #raw: RawStream | undefined
  #what = ''
  #rows: Row[] = []
  #position = 0
  #state: 'unopened' | 'open' | 'ended' = 'unopened'
  /** Ended by its connection or transaction, not by its reader: to say that there are no more rows would be a lie. */
  #cutOff = false
  /** Calls are served one after the other, also when the reader does not wait. */
  #tail: Promise<unknown> = Promise.resolve()

  constructor(
    session: Session,
    caller: Caller,
    prepare: () => { statement: CompiledStatement; bound: BoundParameters },
    outerDeadline: Deadline | undefined,
    options: StreamOptions = {},
  ) {
    this.#session = session
    this.#caller = caller
    this.#prepare = prepare
    this.#outerDeadline = outerDeadline
    this.#options = options
    this.#rowOptions = { ...options, integers: session.context.settings.integers }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Row>> {
    return this.#inTurn(() => this.#next())
  }

  return(): Promise<IteratorResult<Row>> {
    return this.#inTurn(async () => {
      await this.#end()
      return { done: true, value: undefined }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  async closeRaw(): Promise<void> {
    this.#state = 'ended'
    this.#cutOff = true
    this.#rows = []
    this.#position = 0
    await this.#raw?.close()
  }

  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(call, call)
    this.#tail = turn.catch(() => {})
    return turn
  }

  async #next(): Promise<IteratorResult<Row>> {
    // A stale handle reads nothing, not even what was fetched before (ruling 3).
    if (this.#state !== 'ended' || this.#cutOff || this.#position < this.#rows.length) {
      this.#session.check(this.#caller)
    }
    if (this.#cutOff) throw streamWasCutOff()
    while (this.#position === this.#rows.length) {
      if (this.#state === 'ended') return { done: true, value: undefined }
      await this.#fetch()
    }
    return { done: false, value: this.#rows[this.#position++]! }
  }

  async #fetch(): Promise<void> {
    const session = this.#session
    const first = this.#state === 'unopened'
    if (first) this.#open()
    const raw = this.#raw!
    try {
      const fetch = { what: this.#what, deadline: this.#deadline(), run: () => raw.fetch() }
      const batch = await session.runForStream(fetch, first)
      this.#rows = toRows<Row>(batch.rows, raw.columns, this.#rowOptions)
      this.#position = 0
      if (batch.done) this.#ended()
    } catch (error) {
      await this.#end().catch(() => {})
      throw error
    }
  }

  #open(): void {
    const session = this.#session
    const fetchSize = wholeNumberOption('fetchSize', this.#options.fetchSize ?? defaultFetchSize, 1)
    const { statement, bound } = this.#prepare()
    session.openStream(this.#caller, this)
    session.note(statement)
    this.#what = statement.text
    this.#raw = session.physical.stream(statement, bound, fetchSize)
    this.#state = 'open'
  }

  async #end(): Promise<void> {
    this.#rows = []
    this.#position = 0
    if (this.#state !== 'open') {
      this.#state = 'ended'
      return
    }
    this.#state = 'ended'
    const raw = this.#raw!
    try {
      // A dead handle has nothing to end: whoever took the connection back has done so.
      if (this.#session.isLive(this.#caller)) {
        await this.#session.runForStream({ what: 'close the stream', ending: true, run: () => raw.close() })
      }
    } finally {
      this.#session.streamEnded(this)
    }
  }

  #ended(): void {
    this.#state = 'ended'
    this.#session.streamEnded(this)
  }

  #deadline(): Deadline | undefined {
    return statementDeadline(this.#session.context, 'A fetch', this.#options, this.#outerDeadline)
  }
}
