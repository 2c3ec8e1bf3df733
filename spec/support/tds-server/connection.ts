import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { readBulkLoad } from './bulk.ts'
import { ByteReader } from './bytes.ts'
import { SqlError, unknown } from './errors.ts'
import type { Login7 } from './login.ts'
import { Output } from './output.ts'
import { MessageReader, packetStatus, packetType, type TdsMessage } from './packets.ts'
import {
  readHeaders,
  readRpc,
  readTransactionRequest,
  transactionRequest,
  type TransactionRequest,
} from './requests.ts'
import { Cancelled, type Scope, type Session } from './session.ts'
import type { IsolationLevel } from './statements.ts'
import { asSqlError } from './postgres-errors.ts'
import { doneStatus, environment, writeEnvironment } from './tokens.ts'
import { translate } from './translator.ts'

export interface ConnectionParts {
  readonly session: Session
  /** Stops the statement that runs; resolves when this can hit nothing any more. */
  cancel(): Promise<void>
  /** As after a login. */
  reset(): Promise<void>
}

const isolationLevels: readonly (IsolationLevel | undefined)[] = [
  undefined,
  'read uncommitted',
  'read committed',
  'repeatable read',
  'serializable',
  'snapshot',
]

/** A client after its login: requests one after the other, and attentions between them. */
export class TdsConnection {
  readonly login: Login7
  readonly spid: number
  readonly packetSize: number
  readonly #stream: Duplex
  readonly #socket: Socket
  readonly #parts: ConnectionParts
  readonly #reader = new MessageReader()
  readonly #queue: TdsMessage[] = []
  #isBusy = false
  #output: Output | undefined

  constructor(
    stream: Duplex,
    socket: Socket,
    given: {
      readonly login: Login7
      readonly spid: number
      readonly packetSize: number
      readonly parts: ConnectionParts
    },
  ) {
    this.#stream = stream
    this.#socket = socket
    this.login = given.login
    this.spid = given.spid
    this.packetSize = given.packetSize
    this.#parts = given.parts
  }

  receive(bytes: Buffer): void {
    try {
      for (const message of this.#reader.read(bytes)) {
        if (message.type === packetType.attention) this.#attention()
        else this.#queue.push(message)
      }
    } catch {
      this.destroy() // what is no packet
      return
    }
    void this.#work()
  }

  /** As KILL does it: who is at work is told why. */
  kill(): void {
    const { session } = this.#parts
    if (this.#output) {
      session.isCancelled = true
      const text = 'Cannot continue the execution because the session is in the kill state.'
      session.refuse(new SqlError(596, text, { severity: 21 }), { output: this.#output, inProcedure: false })
      this.#output.end()
      this.#output = undefined
    }
    this.#stream.end(() => this.destroy())
  }

  destroy(): void {
    this.#stream.destroy()
    this.#socket.destroy()
  }

  #attention(): void {
    const { session } = this.#parts
    if (this.#isBusy) {
      session.isCancelled = true
      session.cancelling = this.#parts.cancel().catch(() => this.destroy())
    }
    this.#queue.push({ type: packetType.attention, status: 0, data: Buffer.alloc(0) })
  }

  async #work(): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    for (let message = this.#queue.shift(); message; message = this.#queue.shift()) {
      try {
        await this.#answer(message)
      } catch {
        this.destroy() // PostgreSQL's session is gone, or this server is wrong: the client sees a broken connection
      }
    }
    this.#isBusy = false
  }

  /** Each message of the client is answered by one. */
  async #answer(message: TdsMessage): Promise<void> {
    const { session } = this.#parts
    const output = new Output(this.#stream, this)
    if (message.type === packetType.attention) {
      await session.cancelling
      session.isCancelled = false
      output.done({ status: doneStatus.attention | session.inTransaction })
      output.end()
      return
    }
    if ((message.status & packetStatus.ignore) !== 0) {
      output.done({ status: session.inTransaction })
      output.end()
      return
    }
    this.#output = output
    try {
      await this.#serve(message, output)
    } catch (error) {
      await this.#ended(error, output)
    }
    if (this.#output !== output) return
    this.#output = undefined
    output.end()
    if (session.isFatal) this.#stream.end(() => this.destroy())
  }

  async #ended(error: unknown, output: Output): Promise<void> {
    const { session } = this.#parts
    if (error instanceof Cancelled) {
      await session.cancelling
      if (session.xactAbort) await session.transactions.rollbackAll()
      output.done({ status: doneStatus.error | session.inTransaction })
      return
    }
    const place = { database: session.database, verb: '', isolation: session.transactions.isolation }
    session.refuse(asSqlError(error, place), { output, inProcedure: false })
  }

  async #serve({ type, status, data }: TdsMessage, output: Output): Promise<void> {
    const { session } = this.#parts
    const { procedures } = session
    const { descriptor } = session.transactions
    if ((status & (packetStatus.resetConnection | packetStatus.resetConnectionKeepTransaction)) !== 0) {
      if ((status & packetStatus.resetConnection) === 0) throw unknown('a reset that keeps the transaction')
      await this.#parts.reset()
      output.write((writer) => writeEnvironment(writer, environment.reset, '', ''))
    }
    const reader = new ByteReader(data)
    if (type === packetType.bulkLoad) {
      await session.load(readBulkLoad(reader), output)
      return
    }
    if (type !== packetType.batch && type !== packetType.rpc && type !== packetType.transactionManager) {
      throw unknown(`messages of the type ${type}`)
    }
    const { transaction } = readHeaders(reader)
    if (transaction !== descriptor && transaction !== session.transactions.descriptor)
      throw foreignDescriptor()
    if (type === packetType.transactionManager) {
      await this.#manage(readTransactionRequest(reader), output)
    } else if (type === packetType.rpc) {
      await procedures.call(readRpc(reader), output)
    } else {
      const scope: Scope = { output, values: new Map(), inProcedure: false, temporary: [] }
      const batch = translate(reader.text(reader.left / 2))
      if (batch.statements.length === 0) output.done({ status: session.inTransaction })
      await session.run(batch, scope)
    }
  }

  async #manage({ type, isolation, name, next }: TransactionRequest, output: Output): Promise<void> {
    const { session } = this.#parts
    const { transactions } = session
    const begin = async (level: number, given: string): Promise<void> => {
      const wanted = isolationLevels[level]
      if (level !== 0 && wanted === undefined) throw unknown(`the isolation level ${level}`)
      if (wanted !== undefined) transactions.isolation = wanted
      await transactions.begin(given)
    }
    switch (type) {
      case transactionRequest.begin:
        await begin(isolation, name)
        break
      case transactionRequest.commit:
        await transactions.commit()
        break
      case transactionRequest.rollback:
        await transactions.rollback(name)
        break
      default:
        await transactions.save(name)
    }
    if (next !== undefined) await begin(next, '')
    output.done({ status: session.inTransaction })
  }

  /** Tokens of transactions go into the answer of the request that causes them. */
  announce(type: number, now: bigint, before: bigint): void {
    this.#output?.write((writer) =>
      writeEnvironment(writer, type, descriptorBytes(now), descriptorBytes(before)),
    )
  }
}

function descriptorBytes(descriptor: bigint): Buffer {
  if (descriptor === 0n) return Buffer.alloc(0)
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(descriptor)
  return bytes
}

function foreignDescriptor(): SqlError {
  return new SqlError(
    3989,
    'New request is not allowed to start because it should come with valid transaction descriptor.',
  )
}
