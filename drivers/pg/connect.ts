import { userInfo } from 'node:os'
import { SQLInvalidAuthorizationSpecException } from '../../src/api/sql-exception.ts'
import { bufferedSocket } from '../../src/spi/buffered-socket.ts'
import type { DriverContext, PooledConnectionOptions } from '../../src/spi/driver.ts'
import { openWithin } from '../../src/spi/opening.ts'
import { askPassword, type PasswordProvider } from '../../src/spi/password.ts'
import { tlsConfig } from '../../src/spi/tls-settings.ts'
import { Canceller } from './cancel.ts'
import { connectError } from './connect-error.ts'
import { PgConnection } from './pg-connection.ts'
import { loadPg, type PgClientConfig } from './pg-module.ts'
import { derive } from './request.ts'
import { ownParameters, sessionParameters, startBehindPooler, startupOptions } from './session-parameters.ts'
import { openSession } from './session-setup.ts'
import { settingsText } from './session-sql.ts'
import type { PgSettings } from './settings.ts'
import { Wire } from './wire.ts'

/** Where the settings lead, for messages: without a password. */
export function describeTarget(settings: PgSettings, user = roleOf(settings)): string {
  const { host, port, database = user } = settings
  const place = host.startsWith('/') ? host : `${host.includes(':') ? `[${host}]` : host}:${port}`
  return `PostgreSQL database ${database} at ${place} as ${user}`
}

/** Opens one session. One that fails, or misses its deadline, is gone before the rejection. */
export async function connect(
  settings: PgSettings,
  options: PooledConnectionOptions,
  context: DriverContext,
): Promise<PgConnection> {
  const { deadline } = options
  const { statementCacheSize, prepareThreshold = 2, networkTimeout = Infinity } = context.session
  const user = options.user ?? roleOf(settings)
  const description = describeTarget(settings, user)
  const pg = await loadPg()
  derive(pg.Query)
  if (deadline.error !== undefined) throw deadline.error
  const { pooler } = settings
  const config = clientConfig(settings, user, options.password)
  const client = new pg.Client(config)
  if (pooler !== 'none') startBehindPooler(client)
  const wire = new Wire(client, context.session.types)
  const open = async (): Promise<PgConnection> => {
    await Promise.race([client.connect(), failureOf(wire)])
    wire.start()
    const { stream } = client.connection
    if (networkTimeout !== Infinity) giveUpWhenSilent(wire, networkTimeout)
    const own = pooler === 'session' ? settingsText(ownParameters(settings)) : ''
    const facts = await openSession(wire, pooler, own)
    const address = settings.host.startsWith('/')
      ? { host: settings.host, port: settings.port }
      : { host: stream.remoteAddress ?? settings.host, port: stream.remotePort ?? settings.port }
    const canceller = new Canceller(pg.Connection, { ...address, ssl: config.ssl }, client)
    return new PgConnection(wire, facts, canceller, {
      description,
      clock: context.clock,
      statementCacheSize,
      prepareThreshold,
      pooler,
      settingsText: own,
    })
  }
  return openWithin(deadline, wire, open, (error) => connectError(error, description))
}

function roleOf(settings: PgSettings): string {
  return settings.user ?? userInfo().username
}

/** Rejects when the session ends before the client has noticed: `connect()` does not always settle then. */
function failureOf(wire: Wire): Promise<never> {
  return wire.ended.then(() => {
    throw wire.dead ?? new Error('the connection was closed')
  })
}

function clientConfig(settings: PgSettings, user: string, password: string | undefined): PgClientConfig {
  const { keepAlive } = settings
  const ssl = tlsConfig(settings.host, settings.tls)
  return {
    stream: ssl === false ? () => bufferedSocket() : undefined,
    host: settings.host,
    port: settings.port,
    user,
    database: settings.database ?? user,
    password: passwordOf(password ?? settings.password),
    ssl,
    application_name: settings.applicationName,
    options: settings.pooler === 'none' ? startupOptions(sessionParameters(settings)) : undefined,
    keepAlive: keepAlive !== Infinity,
    keepAliveInitialDelayMillis: keepAlive === Infinity ? 0 : keepAlive,
    pipeline: true,
  }
}

/** Always a function: `pg` would look for a missing password in files. It is called when the server asks for one. */
function passwordOf(given: PasswordProvider | string | undefined): () => Promise<string> {
  return async () => {
    const password = await askPassword(given)
    if (password !== undefined) return password
    throw new SQLInvalidAuthorizationSpecException('The server asks for a password, and none is configured', {
      sqlState: '28000',
      reason: 'auth',
    })
  }
}

function giveUpWhenSilent(wire: Wire, milliseconds: number): void {
  const { stream } = wire.client.connection
  stream.setTimeout(milliseconds)
  stream.on('timeout', () => {
    if (wire.awaitsAnswer)
      wire.destroy(new Error(`nothing came for ${milliseconds} ms while an answer was awaited`))
  })
}
