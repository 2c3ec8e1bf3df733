import type { Socket } from 'node:net'
import type { SQLException } from '../../src/api/sql-exception.ts'
import { lostSession, type ErrorContext } from '../../src/spi/classification.ts'
import type { TransactionStatus } from '../../src/spi/physical-connection.ts'
import { exceptionOf, misspelled, toException } from './exceptions.ts'
import type { Exchange } from './exchange.ts'
import { KnownColumns } from './known-columns.ts'
import { RemoteCalls } from './remote-call.ts'
import { TokenPump } from './row-reader.ts'
import type { TediousConnection, TediousModule, TokenParserClass } from './tedious-module.ts'
import type { WireValue } from './wire-types.ts'

const noCollation = Buffer.alloc(5)

/**
 * One connection of `tedious` as the rest of the driver sees it: one request at a time, the others behind it; the
 * transaction as the server says it; and one end of the session, however it comes.
 */
export class Wire {
  readonly tedious: TediousModule
  readonly client: TediousConnection
  readonly columns: KnownColumns
  /** The session is lost while nothing runs on it. */
  onDeath: ((cause: Error) => void) | undefined
  readonly #cutOff: AbortController
  readonly #calls: RemoteCalls
  readonly #sockets = new Set<Socket>()
  readonly #queue: Exchange[] = []
  #socket: Socket | undefined
  #settleEnded!: () => void
  /** Settles when no socket is open any more, of a connection that is over. */
  readonly ended = new Promise<void>((resolve) => (this.#settleEnded = resolve))
  #dead: Error | undefined
  #current: Exchange | undefined
  /** What an error has made of the transaction, where the server has not said it with a change. */
  #doubt: 'failed' | 'unknown' | undefined
  #rowOf: (row: readonly unknown[]) => unknown[] = (row) => row as unknown[]

  /** To be made before the connection is opened: it carries the error listener from the first moment. */
  constructor(
    tedious: TediousModule,
    client: TediousConnection,
    cutOff: AbortController,
    statementCacheSize: number,
  ) {
    this.#calls = new RemoteCalls(statementCacheSize)
    this.columns = new KnownColumns(statementCacheSize)
    this.#cutOff = cutOff
    this.tedious = tedious
    this.client = client
    client.on('error', (error) => this.#die(error))
    client.on('end', () => {
      this.#die(new Error('the server closed the connection'))
      this.#noteEnd()
    })
    client.on('infoMessage', (message) => this.#current?.inform(message))
  }

  /** Why the session is lost. */
  get dead(): Error | undefined {
    return this.#dead
  }

  get socket(): Socket | undefined {
    return this.#socket
  }

  get isIdle(): boolean {
    return this.#current === undefined
  }

  /** Whether the server has something to say. */
  get awaitsAnswer(): boolean {
    return this.#current?.awaitsAnswer === true
  }

  get transactionStatus(): TransactionStatus {
    if (!this.client.inTransaction) return 'none'
    return this.#doubt ?? 'open'
  }

  get collation(): Buffer {
    return this.client.databaseCollation?.toBuffer() ?? noCollation
  }

  /** A statement with parameters, in the transaction that is open. */
  messageFor(sql: string, parameters: readonly WireValue[]): Buffer {
    return this.#calls.messageFor(sql, parameters, this.client.currentTransactionDescriptor(), this.collation)
  }

  /** A socket of this connection; a server may lead to another one at the login. */
  adopt(socket: Socket): void {
    this.#socket = socket
    this.#sockets.add(socket)
    socket.on('error', () => {}) // told by tedious, or by the connect that failed
    socket.once('close', () => {
      this.#sockets.delete(socket)
      this.#noteEnd()
    })
  }

  /**
   * After the login: answers are read by a parser of our own.
   *
   * @param rowOf Makes an array of values of what it gives as a row.
   */
  readBy(parserClass: TokenParserClass, rowOf: (row: readonly unknown[]) => unknown[]): void {
    const { client } = this
    this.#rowOf = rowOf
    client.createTokenStreamParser = (message, handler) =>
      new TokenPump(
        message,
        handler,
        new parserClass(client.config.options),
        (token) => this.#current?.observe(token) === true,
      )
  }

  rowOf(row: readonly unknown[]): unknown[] {
    return this.#rowOf(row)
  }

  run(exchange: Exchange): void {
    if (this.#dead !== undefined) exchange.lose(this.#dead)
    else if (this.#current !== undefined) this.#queue.push(exchange)
    else this.#start(exchange)
  }

  /** Said by the exchange: its request is over. */
  finished(exchange: Exchange): void {
    if (this.#current === exchange) this.#current = undefined
    if (!this.client.inTransaction) this.#doubt = undefined
    const next = this.#dead === undefined ? this.#queue.shift() : undefined
    if (next !== undefined) this.#start(next)
  }

  noteDoubt(doubt: 'failed' | 'unknown' | undefined): void {
    this.#doubt = doubt
  }

  /** What runs is to end; what waits behind it is not begun. The session stays. */
  stop(): void {
    for (const waiting of this.#queue.splice(0)) waiting.refuse()
    this.#current?.stop()
  }

  /** @param sql What was sent, where that is not our own. */
  exception(error: unknown, phase: ErrorContext['phase'], sql = ''): SQLException {
    const { transactionStatus } = this
    const context = { phase, transactionStatus }
    const slip = misspelled(error, sql, context)
    if (slip !== undefined) return exceptionOf(error, slip)
    if (this.#dead === undefined) return toException(error, context)
    const classified = toException(error, context)
    return classified.fatal ? classified : exceptionOf(error, lostSession(context, codeOf(error)))
  }

  /** Cuts the socket; what is under way is lost. */
  destroy(reason: Error): void {
    this.#die(reason)
    this.#cutOff.abort(reason)
    this.client.close()
    for (const socket of this.#sockets) socket.destroy()
    this.#noteEnd()
  }

  /** The request that runs was told that the session is over. */
  noteLoss(cause: Error): void {
    this.#die(cause, true)
  }

  #start(exchange: Exchange): void {
    this.#current = exchange
    exchange.start()
  }

  #noteEnd(): void {
    if (this.#dead !== undefined && this.#sockets.size === 0) this.#settleEnded()
  }

  #die(cause: Error, isTold = false): void {
    if (this.#dead !== undefined) return
    this.#dead = cause
    const lost = this.#current
    this.#current = undefined
    const told = lost?.lose(cause) === true || isTold
    for (const waiting of this.#queue.splice(0)) waiting.lose(cause)
    if (!told) setImmediate(() => this.onDeath?.(cause))
  }
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : undefined
}
