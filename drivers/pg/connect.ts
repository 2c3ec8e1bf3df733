import { userInfo } from 'node:os'
import { SQLInvalidAuthorizationSpecException, type SQLException } from '../../src/api/sql-exception.ts'
import type { DriverContext, PooledConnectionOptions } from '../../src/spi/driver.ts'
import { Canceller } from './cancel.ts'
import { connectError } from './connect-error.ts'
import { PgConnection } from './pg-connection.ts'
import { loadPg, type PgClientConfig } from './pg-module.ts'
import { derive } from './request.ts'
import { openSession } from './session-setup.ts'
import type { PasswordProvider, PgSettings } from './settings.ts'
import { tlsConfig } from './tls.ts'
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
  const user = options.user ?? roleOf(settings)
  const description = describeTarget(settings, user)
  const pg = await loadPg()
  derive(pg.Query)
  if (deadline.error !== undefined) throw deadline.error
  const config = clientConfig(settings, user, options.password)
  const wire = new Wire(new pg.Client(config))
  const { client } = wire
  let missed: SQLException | undefined
  const forget = deadline.onExpired((error) => {
    missed = error
    wire.destroy(error)
  })
  try {
    await Promise.race([client.connect(), failureOf(wire)])
    wire.start()
    const { stream } = client.connection
    if (settings.socketTimeout !== Infinity) giveUpWhenSilent(wire, settings.socketTimeout)
    const facts = await openSession(wire)
    const address = settings.host.startsWith('/')
      ? { host: settings.host, port: settings.port }
      : { host: stream.remoteAddress ?? settings.host, port: stream.remotePort ?? settings.port }
    const canceller = new Canceller(pg.Connection, { ...address, ssl: config.ssl }, client)
    return new PgConnection(wire, facts, canceller, {
      description,
      clock: context.clock,
      statementCacheSize: context.session.statementCacheSize,
      prepareThreshold: settings.prepareThreshold,
    })
  } catch (error) {
    wire.destroy(error as Error)
    await wire.ended
    throw missed ?? connectError(error, description)
  } finally {
    forget()
  }
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
  return {
    host: settings.host,
    port: settings.port,
    user,
    database: settings.database ?? user,
    password: passwordOf(password ?? (settings.password as PasswordProvider | string | undefined)),
    ssl: tlsConfig(settings.host, settings.tls),
    application_name: settings.applicationName,
    options: startupOptions(settings),
    keepAlive: keepAlive !== Infinity,
    keepAliveInitialDelayMillis: keepAlive === Infinity ? 0 : keepAlive,
    pipeline: true,
  }
}

/** Always a function: `pg` would look for a missing password in files. It is called when the server asks for one. */
function passwordOf(given: PasswordProvider | string | undefined): () => Promise<string> {
  return async () => {
    const password = typeof given === 'function' ? await given() : given
    if (typeof password === 'string') return password
    throw new SQLInvalidAuthorizationSpecException(
      given === undefined
        ? 'The server asks for a password, and none is configured'
        : `The function that gives the password gave ${password === null ? 'null' : `a value of type ${typeof password}`}, not a text`,
      { sqlState: '28000', reason: 'auth' },
    )
  }
}

/**
 * The session as Wellhead promises it: UTC, ISO dates, numbers with all their digits. Set while it starts, so that it
 * costs no round trip and RESET ALL comes back to it.
 */
function startupOptions(settings: PgSettings): string {
  const { statementTimeout, lockTimeout, idleInTransactionTimeout } = settings
  const parameters: Record<string, string> = {
    ...settings.serverSettings,
    TimeZone: 'UTC',
    DateStyle: 'ISO, YMD',
    IntervalStyle: 'postgres',
    extra_float_digits: '3',
    bytea_output: 'hex',
    // Texts were read by these rules before they are sent.
    standard_conforming_strings: 'on',
    ...timeout('statement_timeout', statementTimeout),
    ...timeout('lock_timeout', lockTimeout),
    ...timeout('idle_in_transaction_session_timeout', idleInTransactionTimeout),
  }
  return Object.entries(parameters)
    .map(([name, value]) => `-c ${escaped(name)}=${escaped(value)}`)
    .join(' ')
}

function timeout(name: string, milliseconds: number): Record<string, string> {
  return milliseconds === Infinity ? {} : { [name]: String(Math.ceil(milliseconds)) }
}

/** A space would end the option. */
function escaped(text: string): string {
  return text.replace(/[\\\s]/g, '\\$&')
}

function giveUpWhenSilent(wire: Wire, milliseconds: number): void {
  const { stream } = wire.client.connection
  stream.setTimeout(milliseconds)
  stream.on('timeout', () => {
    if (!wire.isIdle)
      wire.destroy(new Error(`nothing came for ${milliseconds} ms while an answer was awaited`))
  })
}
