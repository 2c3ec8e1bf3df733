import type { Socket } from 'node:net'
import type { TransactionStatus } from '../../src/spi/physical-connection.ts'
import { SQLException } from '../../src/api/sql-exception.ts'
import type { TransactionEffect } from '../../src/spi/classification.ts'
import { classify, type MySqlErrorContext } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { toException } from './exceptions.ts'
import { fileFrames, type Frames } from './frames.ts'
import type { MySqlClient } from './mysql-module.ts'
import { ServerError } from './server-error.ts'

const inTransaction = 1
const autoCommit = 2
const lockWaitTimeout = 1205

/**
 * One connection of `mysql2` as the rest of the driver sees it: one exchange at a time, the transaction as the server
 * says it, and one end of the session, however it comes.
 */
export class Wire {
  readonly client: MySqlClient
  readonly #socket: Socket
  /** Settles when the server has let us in; rejects when the session is lost before that. */
  readonly ready: Promise<void>
  /** Settles when the socket is closed. */
  readonly ended: Promise<void>
  flavor: 'mysql' | 'mariadb' = 'mysql'
  /** The session is lost while nothing runs on it. */
  onDeath: ((cause: Error) => void) | undefined
  /** The server undoes the whole transaction when a lock was waited for too long (innodb_rollback_on_timeout). */
  rollsBackOnTimeout = false
  #refuse!: (reason: Error) => void
  #dead: Error | undefined
  #current: Exchange | undefined
  #transaction: TransactionStatus = 'none'
  #autoCommits = true

  /** To be made before anything else happens: it carries the error listener from the first moment (ruling 7). */
  constructor(client: MySqlClient, socket: Socket) {
    this.client = client
    this.#socket = socket
    this.ready = new Promise((resolve, reject) => {
      this.#refuse = reject
      client.on('connect', () => resolve())
    })
    this.ready.catch(() => {}) // whoever waits for it hears it as well
    client.on('error', (error) => this.#die(asServerError(error)))
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.once('close', () => this.#die(new Error('the server closed the connection')))
  }

  /** Why the session is lost. */
  get dead(): Error | undefined {
    return this.#dead
  }

  get isIdle(): boolean {
    return this.#current === undefined
  }

  /** Whether the server has something to say. */
  get awaitsAnswer(): boolean {
    return this.#current?.awaitsAnswer === true
  }

  get transactionStatus(): TransactionStatus {
    return this.#transaction
  }

  /** Whether a statement would be committed by itself. */
  get commitsAlone(): boolean {
    return this.#autoCommits && this.#transaction === 'none'
  }

  /** Heard in each answer that is no error. */
  noteStatus(flags: number): void {
    this.#autoCommits = (flags & autoCommit) !== 0
    this.#transaction = (flags & inTransaction) === 0 ? 'none' : 'open'
  }

  run(exchange: Exchange): void {
    if (this.#dead !== undefined) {
      exchange.lose(this.#dead)
      return
    }
    this.#current = exchange
    this.client.addCommand(exchange)
  }

  /** Writes a request, between what is not answered; the answer is counted on from its last packet. */
  write({ bytes, count }: Frames, before?: Buffer, after?: Buffer): void {
    this.client.sequenceId = count % 256
    const parts = [before, bytes, after].filter((part) => part !== undefined)
    this.client.stream.write(parts.length === 1 ? bytes : Buffer.concat(parts))
  }

  /** Sends some of the file that the server has asked for; nothing is its end. */
  writeFile(content: Uint8Array, written?: () => void): void {
    const { client } = this
    const { bytes, count } = fileFrames(content, client.sequenceId)
    client.sequenceId = (client.sequenceId + count) % 256
    client.stream.write(bytes, written)
  }

  /** Said by the exchange: nothing more will come for it. */
  finished(exchange: Exchange): void {
    if (this.#current === exchange) this.#current = undefined
  }

  /** Beside a KILL: what comes next of an exchange is not begun. */
  stopRunning(): void {
    this.#current?.stop()
  }

  /**
   * What an error means. An error packet has no status: what became of the transaction is known by the number.
   */
  exception(error: unknown, phase: MySqlErrorContext['phase']): SQLException {
    const { flavor, transactionStatus } = this
    const context = { phase, transactionStatus, flavor }
    const exception = toException(error, context)
    if (error instanceof ServerError && transactionStatus !== 'none') {
      const undone = error.errno === lockWaitTimeout && this.rollsBackOnTimeout
      this.#note(undone ? 'ended' : classify(error, context).transaction)
    }
    return exception
  }

  /** Cuts the socket; what is under way is lost. */
  destroy(reason: Error): void {
    this.#die(reason)
    // A peer that is gone would keep the half that waits for its goodbye.
    this.client.stream.destroy()
    this.#socket.destroy()
  }

  /** Whether it keeps the process running. */
  keepAlive(on: boolean): void {
    const { stream } = this.client
    if (on) stream.ref()
    else stream.unref()
  }

  #note(effect: TransactionEffect): void {
    if (effect === 'ended') this.#transaction = 'none'
    else if (effect === 'failed' || effect === 'unknown') this.#transaction = effect
  }

  #die(cause: Error): void {
    if (this.#dead !== undefined) return
    // As mysql2 marks its own: without a number, nothing else tells the classification that the session is gone.
    this.#dead = cause instanceof SQLException ? cause : Object.assign(cause, { fatal: true })
    this.#refuse(cause)
    const lost = this.#current
    this.#current = undefined
    const told = lost?.lose(cause) === true
    // The answer may have come in the same breath: whoever waited for it is told first.
    if (!told) setImmediate(() => this.onDeath?.(cause))
  }
}

/** An error packet out of turn comes with its number in the place of a code: a server that shuts down says why. */
function asServerError(error: Error): Error {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'number' ? new ServerError(code, '', error.message) : error
}
