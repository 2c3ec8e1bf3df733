import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { DatabaseError } from 'pg'
import type { Certificate } from '../certificates.ts'
import type { PostgresAccess } from '../postgres-access.ts'
import { ByteWriter } from './bytes.ts'
import type { TdsConnection } from './connection.ts'
import { DoubleDatabase, serverName, sessionOf, type MssqlSession, type MssqlSettings } from './database.ts'
import { SqlError } from './errors.ts'
import { shakeHands } from './handshake.ts'
import { openSession } from './login-session.ts'
import type { Login7 } from './login.ts'
import { packetType, wholeMessage } from './packets.ts'
import { doneStatus, writeDone, writeMessage } from './tokens.ts'
import { serverVersion } from './version.ts'

export interface TdsServerOptions {
  /** Behind it. */
  readonly postgres: PostgresAccess
  /** It speaks TLS, and still answers without. */
  readonly tls?: Certificate
  /** It answers nobody without. */
  readonly requiresTls?: boolean
  /** With it one is let in as well, in the place of user and password. Default: no token is known. */
  readonly accessToken?: string
}

const login = { user: 'sa', password: 'Double-1-pässword' }

/**
 * A test double of SQL Server: it speaks TDS 7.4 and a closed grammar of T-SQL, and hands the statements to a session of
 * PostgreSQL for each connection, so that locks, waits, deadlocks and 38 digits are real. Readers never wait for
 * writers, as with READ_COMMITTED_SNAPSHOT; texts are compared with regard to case; times are kept to the microsecond,
 * and instants without their offset. What it does not know is error 50404, and never guessed.
 */
export class TdsServer implements AsyncDisposable {
  readonly isDouble = true
  readonly encrypts: boolean
  readonly ca: string | undefined
  readonly host = '127.0.0.1'
  readonly user = login.user
  readonly password = login.password
  readonly #options: TdsServerOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #connections = new Map<number, TdsConnection>()
  readonly #databases = new Map<string, DoubleDatabase>()
  #default: DoubleDatabase | undefined
  #lastSpid = 50
  #port = 0

  static async start(options: TdsServerOptions): Promise<TdsServer> {
    const double = new TdsServer(options, createServer())
    double.#server.on('connection', (socket) => void double.#accept(socket))
    await double.listen()
    return double
  }

  private constructor(options: TdsServerOptions, server: Server) {
    this.#options = options
    this.#server = server
    this.encrypts = options.requiresTls === true
    this.ca = options.tls?.ca
  }

  get port(): number {
    return this.#port
  }

  /** After `stop`: at the same port, with the same databases. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port, this.host)
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
    this.#server.unref()
  }

  /** As a server that crashes: no client is told. Returns when PostgreSQL has none of the sessions any more. */
  async stop(): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    for (const { spid } of await this.sessions()) await this.#terminate(spid)
  }

  /** A new database, and how to reach it. It is dropped with the others of its PostgreSQL. */
  async database(): Promise<MssqlSettings> {
    const database = await DoubleDatabase.create(this.#options.postgres)
    this.#databases.set(database.name, database)
    this.#default ??= database
    const { host, port, user, password } = this
    return { host, port, user, password, database: database.name }
  }

  /** As PostgreSQL counts them, and not as this server believes. */
  async sessions(database?: string): Promise<MssqlSession[]> {
    const found = await this.#options.postgres.sessions(database)
    return found.flatMap((session) => sessionOf(session) ?? [])
  }

  /** As `KILL`: returns when the session is gone; false if there was none. */
  async kill(spid: number): Promise<boolean> {
    const connection = this.#connections.get(spid)
    if (!connection) return false
    connection.kill()
    await this.#terminate(spid)
    return true
  }

  async close(): Promise<void> {
    await this.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #accept(socket: Socket): Promise<void> {
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.#sockets.delete(socket))
    this.#sockets.add(socket)
    try {
      const { tls, requiresTls = false } = this.#options
      const hands = await shakeHands(socket, { tls, requiresTls, version: serverVersion })
      if (!hands) {
        socket.destroy()
        return
      }
      hands.stream.on('error', () => socket.destroy())
      const spid = this.#nextSpid()
      const problem = await this.#open(socket, hands.stream, hands.login, spid)
      if (problem) hands.stream.end(refusal(problem))
    } catch {
      socket.destroy()
    }
  }

  /** The errors of a login that is refused. */
  async #open(
    socket: Socket,
    stream: NodeJS.ReadWriteStream,
    given: Login7,
    spid: number,
  ): Promise<SqlError[] | undefined> {
    const failed = new SqlError(18456, `Login failed for user '${given.userName}'.`, { severity: 14 })
    const { accessToken } = this.#options
    const isKnown =
      given.accessToken === undefined
        ? given.userName.toLowerCase() === login.user && given.password === login.password
        : given.accessToken === accessToken
    if (!isKnown) return [failed]
    const name = given.database === '' ? this.#default?.name : given.database.toLowerCase()
    const database = this.#databases.get(name ?? '')
    const missing = new SqlError(
      4060,
      `Cannot open database "${given.database}" requested by the login. The login failed.`,
      { severity: 11 },
    )
    if (!database) return [missing, failed]
    try {
      const connection = await openSession({
        socket,
        stream: stream as never,
        login: given,
        spid,
        database,
        postgres: this.#options.postgres,
        findDatabase: (wanted) => this.#databases.get(wanted.toLowerCase()),
        kill: (victim) => this.kill(victim),
      })
      this.#connections.set(spid, connection)
      socket.once('close', () => this.#connections.delete(spid))
      return undefined
    } catch (error) {
      if (error instanceof DatabaseError && error.code === '3D000') return [missing, failed]
      const busy = error instanceof DatabaseError && error.code === '53300'
      if (busy)
        return [
          new SqlError(
            17809,
            'Could not connect because the maximum number of user connections has already been reached.',
            { severity: 20 },
          ),
        ]
      throw error
    }
  }

  async #terminate(spid: number): Promise<void> {
    const found = await this.#options.postgres.query<{ pid: number }>(
      'SELECT pid FROM pg_stat_activity WHERE application_name LIKE $1',
      [`tds ${spid} %`],
    )
    for (const { pid } of found) await this.#options.postgres.terminate(pid)
  }

  #nextSpid(): number {
    do this.#lastSpid = this.#lastSpid >= 32_000 ? 51 : this.#lastSpid + 1
    while (this.#connections.has(this.#lastSpid))
    return this.#lastSpid
  }
}

function refusal(errors: readonly SqlError[]): Buffer {
  const writer = new ByteWriter()
  for (const { number, state, severity, message: text } of errors) {
    writeMessage(writer, { number, state, severity, text, server: serverName, procedure: '', line: 1 })
  }
  writeDone(writer, { status: doneStatus.error })
  return wholeMessage(writer.take(), { type: packetType.response, packetSize: 4_096, spid: 0 })
}
