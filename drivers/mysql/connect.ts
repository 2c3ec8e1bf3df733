import { Socket } from 'node:net'
import { userInfo } from 'node:os'
import { connect as connectTls } from 'node:tls'
import type { SQLException } from '../../src/api/sql-exception.ts'
import { CallDeadline, untilDeadline } from '../../src/session/call-deadline.ts'
import { bufferedSocket } from '../../src/spi/buffered-socket.ts'
import type { DriverContext, PooledConnectionOptions } from '../../src/spi/driver.ts'
import { openWithin } from '../../src/spi/opening.ts'
import { askPassword } from '../../src/spi/password.ts'
import { tlsConfig, type TlsConfig } from '../../src/spi/tls-settings.ts'
import { connectError, noneReached } from './connect-error.ts'
import { ControlConnection, type Place } from './control.ts'
import { hostsOf, hostText, type Host } from './hosts.ts'
import { MySqlConnection } from './mysql-connection.ts'
import { loadMySql, type MySqlClient, type MySqlModule } from './mysql-module.ts'
import { flavorOf, openSession } from './session-setup.ts'
import type { MySqlSettings } from './settings.ts'
import { Wire } from './wire.ts'

/** Who connects, and to which database of which server. */
interface Target {
  /** What its certificate has to be for. */
  readonly host: Host
  /** Where it is, once that is known. */
  readonly place: Host
  readonly user: string
  readonly password: string | undefined
  readonly database: string | undefined
}

/** Where the settings lead, for messages: without a password. */
export function describeTarget(settings: MySqlSettings, user = userOf(settings)): string {
  const { host, port, socketPath, database } = settings
  const place = socketPath ?? hostsOf(host, port).map(hostText).join(',')
  return `MySQL ${database === undefined ? 'server' : `database ${database}`} at ${place} as ${user}`
}

/**
 * Opens one session, with the first of the hosts that lets us in. One that fails, or misses its deadline, is gone before
 * the rejection.
 */
export async function connect(
  settings: MySqlSettings,
  { deadline, user = userOf(settings), password }: PooledConnectionOptions,
  context: DriverContext,
  control: ControlConnection,
): Promise<MySqlConnection> {
  const description = describeTarget(settings, user)
  const mysql = await loadMySql()
  // Whoever gives it may take his time.
  const secret = await untilDeadline(askPassword(password ?? settings.password), deadline).catch(
    (error: unknown) => {
      throw connectError(error, description)
    },
  )
  if (deadline.error !== undefined) throw deadline.error
  const hosts = hostsOf(settings.host, settings.port).slice(
    0,
    settings.socketPath === undefined ? undefined : 1,
  )
  const errors: SQLException[] = []
  const failureOf = (error: unknown): SQLException => connectError(error, description)
  for (const [at, host] of hosts.entries()) {
    const target = { host, place: host, user, password: secret, database: settings.database }
    try {
      // One that is silent leaves time for the others.
      const share = deadline.remaining() / (hosts.length - at)
      const own = new CallDeadline(context.clock, `Connecting to ${hostText(host)}`, {
        timeout: share,
        outer: deadline,
      })
      const wire = openWire(mysql, settings, target)
      const open = async (): Promise<MySqlConnection> => {
        await wire.ready
        giveUpWhenSilent(wire, context.session.networkTimeout)
        const facts = await openSession(wire, settings)
        return new MySqlConnection(wire, facts, control, {
          description,
          place: placeOf(wire.client.stream, host),
          settings,
          session: context.session,
          clock: context.clock,
        })
      }
      return await openWithin(own, wire, open, failureOf)
    } catch (error) {
      errors.push(error as SQLException)
      // Whoever is refused by one server is not let in by another.
      if (deadline.error !== undefined || !mayBeElsewhere(error as SQLException)) break
    }
  }
  throw noneReached(errors, hosts, description)
}

/** The connection by which a data source stops statements: as its configured user, and in no database. */
export function controlConnection(settings: MySqlSettings, { clock }: DriverContext): ControlConnection {
  return new ControlConnection(async (place, deadline) => {
    const mysql = await loadMySql()
    const password = await untilDeadline(askPassword(settings.password), deadline)
    const user = userOf(settings)
    const target = { host: place.certified, place, user, password, database: undefined }
    const wire = openWire(mysql, settings, target)
    const open = async (): Promise<Wire> => {
      await wire.ready
      return wire
    }
    return openWithin(deadline, wire, open, (error) => connectError(error, describeTarget(settings)))
  }, clock)
}

function openWire(
  mysql: MySqlModule,
  settings: MySqlSettings,
  { host, place, user, password, database }: Target,
): Wire {
  const { socketPath, keepAlive } = settings
  const tls = socketPath === undefined && tlsConfig(host.host, settings.tls)
  const socket = tls === false ? bufferedSocket() : new Socket()
  if (socketPath === undefined) {
    socket.setNoDelay(true)
    socket.setKeepAlive(keepAlive !== Infinity, keepAlive === Infinity ? 0 : keepAlive)
    socket.connect({ host: place.host, port: place.port })
  } else {
    socket.connect(socketPath)
  }
  const client = mysql.createConnection({
    stream: () => socket,
    host: host.host,
    port: host.port,
    socketPath,
    user,
    password,
    database,
    ssl: tls === false ? undefined : {},
    charset: 'UTF8MB4_GENERAL_CI',
    // A function keeps its blanks, and what is sent has the form of before attributes. LOCAL_FILES stays: whether the
    // server gets anything is decided where it asks (Exchange.fileAsked).
    flags: ['-IGNORE_SPACE', '-CLIENT_QUERY_ATTRIBUTES'],
    connectAttributes: { program_name: settings.applicationName },
    connectTimeout: 0,
    // A token in the clear is for a server that has proved who it is.
    enableCleartextPlugin: tls !== false && tls.rejectUnauthorized === true,
  })
  const wire = new Wire(client, socket)
  if (tls !== false) startTls(client, socket, wire, tls, host.host)
  client.on('connect', ({ serverVersion }) => (wire.flavor = flavorOf(serverVersion)))
  return wire
}

/**
 * The step to TLS in our own hands: `mysql2` checks host names on demand alone, addresses never, and forgets why it
 * failed.
 */
function startTls(client: MySqlClient, socket: Socket, wire: Wire, config: TlsConfig, host: string): void {
  client.startTLS = (onSecure) => {
    socket.removeAllListeners('data')
    const secure = connectTls({ ...config, socket, host }, () => onSecure())
    secure.on('error', (error) => wire.destroy(error))
    secure.on('data', (bytes: Buffer) => client.packetParser.execute(bytes))
    client.stream = secure
  }
}

/** An address, where there is one: a name may lead elsewhere next time. */
function placeOf({ remoteAddress, remotePort }: Socket, host: Host): Place {
  return { host: remoteAddress ?? host.host, port: remotePort ?? host.port, certified: host }
}

/** It was not reached, or serves nobody now. */
function mayBeElsewhere({ reason, retry }: SQLException): boolean {
  return reason === 'connect-failed' || reason === 'timeout' || retry === 'connect'
}

function userOf(settings: MySqlSettings): string {
  return settings.user ?? userInfo().username
}

function giveUpWhenSilent(wire: Wire, milliseconds = Infinity): void {
  if (milliseconds === Infinity) return
  const { stream } = wire.client
  stream.setTimeout(milliseconds)
  stream.on('timeout', () => {
    if (wire.awaitsAnswer)
      wire.destroy(new Error(`nothing came for ${milliseconds} ms while an answer was awaited`))
  })
}
