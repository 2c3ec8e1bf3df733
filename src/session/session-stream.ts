import type { DeadlineOptions } from '../api/executor.ts'
import type { ColumnMetadata, RowStream } from '../api/result.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { LeasedStatement, LeasedStream } from '../spi/session-lease.ts'
import { statementDeadline } from './call-deadline.ts'
import { streamWasCutOff } from './session-errors.ts'
import type { OpenStream, Session } from './session.ts'
import type { Caller } from './tenancy.ts'

/** What one statement gives, fetched as it is read. Belongs to one handle, and dies with it. */
export class SessionStream<T> implements RowStream<T> {
  readonly #session: Session
  readonly #caller: Caller
  readonly #prepare: () => LeasedStatement<T>
  readonly #outerDeadline: Deadline | undefined
  readonly #options: DeadlineOptions
  readonly #cursor = new Cursor<T>()
  /** Calls are served one after the other, also when the reader does not wait. */
  #tail: Promise<unknown> = Promise.resolve()

  constructor(
    session: Session,
    caller: Caller,
    prepare: () => LeasedStatement<T>,
    outerDeadline: Deadline | undefined,
    options: DeadlineOptions = {},
  ) {
    this.#session = session
    this.#caller = caller
    this.#prepare = prepare
    this.#outerDeadline = outerDeadline
    this.#options = options
  }

  get columns(): readonly ColumnMetadata[] {
    return this.#cursor.raw?.columns ?? []
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<T>> {
    return this.#inTurn(() => this.#next())
  }

  return(): Promise<IteratorResult<T>> {
    return this.#inTurn(async () => {
      await this.#end()
      return { done: true, value: undefined }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  #inTurn<Result>(call: () => Promise<Result>): Promise<Result> {
    const turn = this.#tail.then(call, call)
    this.#tail = turn.catch(() => {})
    return turn
  }

  async #next(): Promise<IteratorResult<T>> {
    const cursor = this.#cursor
    // A stale handle reads nothing, not even what was fetched before (ruling 3).
    if (cursor.state !== 'ended' || cursor.cutOff || cursor.position < cursor.items.length) {
      this.#session.tenancy.check(this.#caller)
    }
    if (cursor.cutOff) throw streamWasCutOff()
    while (cursor.position === cursor.items.length) {
      if (cursor.state === 'ended') return { done: true, value: undefined }
      await this.#fetch()
    }
    return { done: false, value: cursor.items[cursor.position++]! }
  }

  async #fetch(): Promise<void> {
    const session = this.#session
    const cursor = this.#cursor
    const first = cursor.state === 'unopened'
    if (first) this.#open()
    const { raw, what } = cursor
    try {
      const run = (proceed: () => void) => raw!.fetch(proceed)
      const batch = await session.runForStream({ what, deadline: this.#deadline(), run }, first)
      cursor.items = batch.items
      cursor.position = 0
      if (batch.done) this.#ended()
    } catch (error) {
      await this.#end().catch(() => {})
      throw error
    }
  }

  #open(): void {
    const statement = this.#prepare()
    const cursor = this.#cursor
    this.#session.openStream(this.#caller, cursor)
    cursor.what = statement.what
    cursor.raw = statement.open()
    cursor.state = 'open'
  }

  async #end(): Promise<void> {
    const cursor = this.#cursor
    const wasOpen = cursor.state === 'open'
    cursor.end()
    if (!wasOpen) return
    const raw = cursor.raw!
    try {
      // A dead handle has nothing to end: whoever took the connection back has done so.
      if (this.#session.tenancy.isLive(this.#caller)) {
        await this.#session.runForStream({ what: 'close the stream', ending: true, run: () => raw.close() })
      }
    } finally {
      this.#session.streamEnded(cursor)
    }
  }

  #ended(): void {
    this.#cursor.state = 'ended'
    this.#session.streamEnded(this.#cursor)
  }

  #deadline(): Deadline | undefined {
    return statementDeadline(this.#session.context, 'A fetch', this.#options, this.#outerDeadline)
  }
}

/** Where a stream stands. The session holds it while it is open, and finds nothing of its reader, who may drop it. */
class Cursor<T> implements OpenStream {
  raw: LeasedStream<T> | undefined
  what = ''
  items: readonly T[] = []
  position = 0
  state: 'unopened' | 'open' | 'ended' = 'unopened'
  /** Ended by its connection or transaction, not by its reader: to say that there are no more rows would be a lie. */
  cutOff = false

  async closeRaw(): Promise<void> {
    this.cutOff = true
    this.end()
    await this.raw?.close()
  }

  end(): void {
    this.state = 'ended'
    this.items = []
    this.position = 0
  }
}
