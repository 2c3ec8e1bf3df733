import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { PostgresAccess } from '../postgres-access.ts'
import { Backend } from './backend.ts'
import { TdsConnection } from './connection.ts'
import { backendName, serverName, type DoubleDatabase } from './database.ts'
import { SqlError, unknown } from './errors.ts'
import type { Login7 } from './login.ts'
import { Output } from './output.ts'
import { Session } from './session.ts'
import {
  environment,
  writeEnvironment,
  writeFederatedLoginAck,
  writeLoginAck,
  writeMessage,
} from './tokens.ts'
import { serverVersion } from './version.ts'
import { collation } from './types.ts'
import { Transactions, type TransactionEvents } from './transactions.ts'

export interface SessionParts {
  readonly socket: Socket
  readonly stream: Duplex
  readonly login: Login7
  readonly spid: number
  readonly database: DoubleDatabase
  readonly postgres: PostgresAccess
  findDatabase(name: string): DoubleDatabase | undefined
  kill(spid: number): Promise<boolean>
}

const newestVersion = 0x7400_0004
const defaultPacketSize = 4_096

/** Opens the session of PostgreSQL, answers the login and serves the client until it goes. */
export async function openSession(parts: SessionParts): Promise<TdsConnection> {
  const { socket, stream, login, spid, database, postgres } = parts
  const events: TransactionEvents = {
    begun: (descriptor) => connection.announce(environment.begin, descriptor, 0n),
    committed: (descriptor) => connection.announce(environment.commit, 0n, descriptor),
    rolledBack: (descriptor) => connection.announce(environment.rollback, 0n, descriptor),
  }
  const open = async (
    to: DoubleDatabase,
  ): Promise<Pick<Session, 'backend' | 'transactions' | 'catalogue' | 'database'>> => {
    const backend = await Backend.connect(to.postgres.settings, backendName(spid, login.appName))
    backend.onEnd(() => {
      if (session?.backend === backend) connection.destroy()
    })
    const transactions = new Transactions(backend, events)
    return { backend, transactions, catalogue: to.catalogue, database: to.name }
  }
  let session: Session | undefined = undefined
  const first = await open(database)
  const options = {
    spid,
    server: serverName,
    login: login.userName,
    application: login.appName,
    async kill(victim: number) {
      if (victim === spid) throw new SqlError(6104, 'Cannot use KILL to kill your own process.')
      if (!(await parts.kill(victim)))
        throw new SqlError(6106, `Process ID ${victim} is not an active process ID.`, { state: 2 })
    },
    async use(name: string) {
      const wanted = parts.findDatabase(name)
      if (!wanted) {
        const text = `Database '${name}' does not exist. Make sure that the name is entered correctly.`
        throw new SqlError(911, text, { scope: 'batch' })
      }
      await change(current, wanted)
    },
  }
  const current = (session = new Session(options, first))
  const change = async (from: Session, wanted: DoubleDatabase): Promise<void> => {
    if (from.database === wanted.name) return
    if (from.transactions.count > 0) throw unknown('USE within a transaction')
    const before = from.backend
    Object.assign(from, await open(wanted))
    await before.end()
  }
  const packetSize = clamp(login.packetSize)
  const connection = new TdsConnection(stream, socket, {
    login,
    spid,
    packetSize,
    parts: {
      session: current,
      async cancel() {
        if (!current.backend.isRunning) return
        await postgres.query('SELECT pg_cancel_backend($1)', [current.backend.pid])
      },
      async reset() {
        await current.transactions.rollbackAll()
        await change(current, database)
        await current.backend.rows('DISCARD TEMP')
        await current.backend.rows('DISCARD SEQUENCES')
        await current.backend.rows('SELECT pg_advisory_unlock_all()')
        current.transactions.lockTimeout = -1
        Object.assign(current, { xactAbort: false, nocount: false })
        current.procedures.clear()
      },
    },
  })
  socket.once('close', () => void leave(current, postgres))
  stream.on('data', (bytes: Buffer) => connection.receive(bytes))
  stream.on('end', () => connection.destroy())
  answerLogin(new Output(stream, { packetSize: defaultPacketSize, spid }), login, database.name, packetSize)
  return connection
}

/** A client that has gone leaves nothing running. */
async function leave({ backend }: Session, postgres: PostgresAccess): Promise<void> {
  try {
    if (backend.isRunning) await postgres.query('SELECT pg_terminate_backend($1)', [backend.pid])
    await backend.end()
  } catch {
    // PostgreSQL has gone as well
  }
}

function clamp(size: number): number {
  return size === 0 ? defaultPacketSize : Math.min(Math.max(size, 512), 32_767)
}

function answerLogin(output: Output, login: Login7, database: string, packetSize: number): void {
  const message = (number: number, text: string): void =>
    output.write((writer) =>
      writeMessage(writer, {
        number,
        state: 1,
        severity: 0,
        text,
        server: serverName,
        procedure: '',
        line: 1,
      }),
    )
  output.write((writer) => writeEnvironment(writer, environment.database, database, 'master'))
  message(5701, `Changed database context to '${database}'.`)
  output.write((writer) => {
    writeEnvironment(writer, environment.collation, collation, Buffer.alloc(0))
    writeEnvironment(writer, environment.language, 'us_english', '')
  })
  message(5703, 'Changed language setting to us_english.')
  output.write((writer) => {
    const [major, minor, build] = serverVersion
    writeLoginAck(writer, {
      tdsVersion: Math.min(login.tdsVersion, newestVersion),
      program: 'Microsoft SQL Server',
      version: [major, minor, build >> 8, build & 0xff],
    })
    if (login.accessToken !== undefined) writeFederatedLoginAck(writer)
    writeEnvironment(writer, environment.packetSize, String(packetSize), String(defaultPacketSize))
  })
  output.done({})
  output.end()
}
