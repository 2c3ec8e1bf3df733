import type { Socket } from 'node:net'
import { userInfo } from 'node:os'
import { type SQLException, SQLInvalidAuthorizationSpecException } from '../../src/api/sql-exception.ts'
import { untilDeadline } from '../../src/session/call-deadline.ts'
import { bufferedSocket } from '../../src/spi/buffered-socket.ts'
import type { DriverContext, PooledConnectionOptions } from '../../src/spi/driver.ts'
import { openWithin } from '../../src/spi/opening.ts'
import { askPassword } from '../../src/spi/password.ts'
import { tlsConfig, type TlsConfig } from '../../src/spi/tls-settings.ts'
import { connectError } from './connect-error.ts'
import { MssqlConnection } from './mssql-connection.ts'
import { exactTokenParser } from './row-reader.ts'
import { openSession } from './session-setup.ts'
import type { MssqlSettings } from './settings.ts'
import {
  loadTedious,
  type ServerMessage,
  type TediousModule,
  type TokenParserClass,
} from './tedious-module.ts'
import { Wire } from './wire.ts'

/** Who connects. */
type Credentials =
  { readonly user: string; readonly password: string | undefined } | { readonly token: string }

/** In the place of timers of `tedious`: the deadline is ours. */
const never = 2 ** 31 - 1
/** As Microsoft's drivers ask for. */
const packetSize = 8_000

/** Where the settings lead, for messages: without a password. */
export function describeTarget(settings: MssqlSettings, user = userOf(settings)): string {
  const { host, port, database } = settings
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return `SQL Server ${database === undefined ? '' : `database ${database} `}at ${place} as ${user}`
}

/** Opens one session. One that fails, or misses its deadline, is gone before the rejection. */
export async function connect(
  settings: MssqlSettings,
  { deadline, user = userOf(settings), password }: PooledConnectionOptions,
  context: DriverContext,
): Promise<MssqlConnection> {
  const description = describeTarget(settings, user)
  const tedious = await loadTedious()
  const tls = tlsConfig(settings.host, settings.tls)
  // Whoever gives it may take his time.
  const asked = askCredentials(settings, user, password)
  const credentials = await untilDeadline(asked, deadline).catch((error: unknown) => {
    throw connectError(error, description)
  })
  if ('token' in credentials && (tls === false || tls.rejectUnauthorized !== true)) throw unsafeToken()
  if (deadline.error !== undefined) throw deadline.error
  const wire = openWire(tedious, settings, credentials, tls, context.session.statementCacheSize)
  const open = async (): Promise<MssqlConnection> => {
    await logIn(wire, tls)
    wire.socket?.setKeepAlive(settings.keepAlive !== Infinity, finite(settings.keepAlive))
    const native = context.session.types === 'native'
    if (native) wire.readBy(tedious.TokenParser, nativeRow)
    else wire.readBy(exactParserOf(tedious), (row) => row as unknown[])
    giveUpWhenSilent(wire, context.session.networkTimeout)
    const facts = await openSession(wire, settings)
    return new MssqlConnection(wire, facts, { description, clock: context.clock })
  }
  return openWithin(deadline, wire, open, (error) => connectError(error, description))
}

async function askCredentials(
  { accessToken, password: configured }: MssqlSettings,
  user: string,
  password: string | undefined,
): Promise<Credentials> {
  const token = password === undefined ? await askPassword(accessToken) : undefined
  return token === undefined ? { user, password: await askPassword(password ?? configured) } : { token }
}

function openWire(
  tedious: TediousModule,
  settings: MssqlSettings,
  credentials: Credentials,
  tls: TlsConfig | false,
  statementCacheSize: number,
): Wire {
  const { host, port, database, applicationName, readOnlyIntent } = settings
  const cutOff = new AbortController()
  let wire: Wire | undefined = undefined
  const connection = new tedious.Connection({
    server: host,
    authentication:
      'token' in credentials
        ? { type: 'azure-active-directory-access-token', options: { token: credentials.token } }
        : { type: 'default', options: { userName: credentials.user, password: credentials.password ?? '' } },
    options: {
      port,
      database,
      appName: applicationName,
      readOnlyIntent,
      packetSize,
      connector: (target) => openSocket(target, (socket) => wire?.adopt(socket), cutOff.signal),
      encrypt: tls !== false,
      ...(tls !== false && {
        // What is not believed is looked at by us, when it is known why.
        trustServerCertificate: tls.rejectUnauthorized !== true || tls.checkServerIdentity !== undefined,
        serverName: tls.servername,
        cryptoCredentialsDetails: { ca: tls.ca, cert: tls.cert, key: tls.key, passphrase: tls.passphrase },
      }),
      connectTimeout: never,
      requestTimeout: 0,
      cancelTimeout: 0,
      // Whether to try again is the pool's to say.
      maxRetriesOnTransientErrors: 0,
      lowerCaseGuids: true,
    },
  })
  wire = new Wire(tedious, connection, cutOff, statementCacheSize)
  return wire
}

/** One place, which may have several addresses. */
function openSocket(
  { host, port }: { readonly host: string; readonly port: number },
  adopt: (socket: Socket) => void,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = bufferedSocket(signal).setNoDelay(true).connect({ host, port })
    adopt(socket)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

/** A refused login is told by messages, of which `tedious` keeps the words alone. */
async function logIn({ client }: Wire, tls: TlsConfig | false): Promise<void> {
  const refusals: Error[] = []
  let mistrust: Error | undefined
  client.on('errorMessage', (message) => refusals.push(serverError(message)))
  // Who signed the certificate counts, and whose it is does not.
  if (tls !== false && tls.checkServerIdentity !== undefined) {
    client.on('secure', ({ authorized, authorizationError }) => {
      const code = String((authorizationError as { code?: string } | null)?.code ?? authorizationError)
      if (authorized || code === 'ERR_TLS_CERT_ALTNAME_INVALID') return
      mistrust = Object.assign(new Error(`the certificate of the server is not to be trusted: ${code}`), {
        code,
      })
      client.close()
    })
  }
  try {
    await new Promise<void>((resolve, reject) =>
      client.connect((error) => (error === undefined ? resolve() : reject(error))),
    )
  } catch (error) {
    if (mistrust !== undefined) throw asSocketError(mistrust)
    throw refusals.length === 0 ? error : refusals.length === 1 ? refusals[0] : new AggregateError(refusals)
  } finally {
    client.removeAllListeners('errorMessage')
  }
}

function serverError({ number, state, class: severity, message }: ServerMessage): Error {
  return Object.assign(new Error(message), { code: 'ELOGIN', number, state, class: severity })
}

function asSocketError(cause: Error): Error {
  return Object.assign(new Error(cause.message, { cause }), { code: 'ESOCKET' })
}

const exactParsers = new WeakMap<TediousModule, TokenParserClass>()

function exactParserOf(tedious: TediousModule): TokenParserClass {
  const known = exactParsers.get(tedious) ?? exactTokenParser(tedious)
  exactParsers.set(tedious, known)
  return known
}

function nativeRow(row: readonly unknown[]): unknown[] {
  return row.map((column) => (column as { readonly value: unknown }).value)
}

function userOf(settings: MssqlSettings): string {
  return settings.user ?? userInfo().username
}

function finite(milliseconds: number): number {
  return milliseconds === Infinity ? 0 : milliseconds
}

function giveUpWhenSilent(wire: Wire, milliseconds = Infinity): void {
  const { socket } = wire
  if (milliseconds === Infinity || socket === undefined) return
  socket.setTimeout(milliseconds)
  socket.on('timeout', () => {
    if (wire.awaitsAnswer)
      wire.destroy(new Error(`nothing came for ${milliseconds} ms while an answer was awaited`))
  })
}

function unsafeToken(): SQLException {
  return new SQLInvalidAuthorizationSpecException(
    "A token is sent only over TLS to a server that has proved who it is: set tls to 'verify-full' or 'verify-ca'",
    { sqlState: '28000', reason: 'auth' },
  )
}
