import type { Socket } from 'node:net'
import { SQLNonTransientConnectionException } from '../../src/api/sql-exception.ts'
import type { DriverClient } from '../../src/spi/driver.ts'
import {
  checkVersion,
  installedVersion,
  loadedOnce,
  wrongPeer,
  type PeerPackage,
} from '../../src/spi/peer-package.ts'
import type { TlsConfig } from '../../src/spi/tls-settings.ts'
import type { PgNotification } from './notifications.ts'

// The few members of the package `pg` that are used, so that nobody needs its types, or the package itself before
// the first connect.

/** What `pg` makes of texts: by OID, with what the application has changed in `pg.types`. */
export interface PgTypeParsers {
  getTypeParser(oid: number, format: 'text'): (text: string) => unknown
}

/** `pg.Client`: start-up, authentication, TLS, and the dispatch of messages to what was submitted. */
export interface PgClient extends PgTypeParsers {
  readonly connection: PgLink
  readonly processID: number | null
  readonly secretKey: number | null
  connect(): Promise<unknown>
  query(request: object): unknown
  end(): Promise<void>
  /** What it says of the session it wants, in the first message. */
  getStartupConf: () => Readonly<Record<string, string>>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'notification', listener: (notification: PgNotification) => void): unknown
  on(event: 'notice', listener: (notice: ServerMessage & Error) => void): unknown
}

/** `pg.Connection`: a socket, and the messages on it as events. */
export interface PgLink {
  /** Another one after the step to TLS. */
  readonly stream: Socket
  connect(port: number | string, host?: string): void
  /** Called for the socket, and again for the one of TLS, before anything is read from it. */
  attachListeners: (stream: Socket) => void
  requestSsl(): void
  cancel(processId: number, secretKey: number): void
  sendCopyFail(message: string): void
  sync(): void
  on(event: 'connect' | 'sslconnect' | 'end', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'readyForQuery', listener: (message: { readonly status: string }) => void): unknown
  on(event: 'errorMessage', listener: (error: ServerError) => void): unknown
  on(event: 'parameterStatus', listener: (message: ParameterStatus) => void): unknown
}

export interface PgClientConfig {
  /** Makes the socket. Default: a plain one. */
  readonly stream: (() => Socket) | undefined
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  readonly password: () => string | Promise<string>
  readonly ssl: TlsConfig | false
  readonly application_name: string
  readonly options: string | undefined
  readonly keepAlive: boolean
  readonly keepAliveInitialDelayMillis: number
  /** Several requests may be sent before the first is answered. */
  readonly pipeline: true
}

/** The fields of an ErrorResponse or NoticeResponse. */
export interface ServerMessage {
  readonly code?: string | undefined
  readonly severity?: string | undefined
  readonly routine?: string | undefined
}

export type ServerError = Error & ServerMessage

interface ParameterStatus {
  readonly parameterName: string
  readonly parameterValue: string
}

/** A column in a RowDescription. */
export interface FieldDescription {
  readonly name: string
  readonly dataTypeID: number
}

export interface PgModule {
  readonly Client: new (config: PgClientConfig) => PgClient
  readonly Connection: new (config: { readonly ssl: TlsConfig | false }) => PgLink
  readonly Query: { readonly prototype: object }
}

/** Before it ECONNRESET was swallowed after a statement with parameters, and certificates of IP addresses failed. */
const peer: PeerPackage = { product: 'PostgreSQL', name: 'pg', oldest: [8, 23, 1] }

/**
 * The package `pg`, loaded once.
 *
 * @throws SQLNonTransientConnectionException 08001 when it is missing or too old, with the line that installs it, or
 * when NODE_PG_FORCE_NATIVE replaces its client.
 */
export const loadPg: () => Promise<PgModule> = loadedOnce(load)

async function load(): Promise<PgModule> {
  let loaded: { readonly default: unknown }
  try {
    loaded = await import('pg')
  } catch (error) {
    throw process.env['NODE_PG_FORCE_NATIVE']
      ? nativeForced(error)
      : wrongPeer(peer, 'is not installed', error)
  }
  checkVersion(peer)
  const pg = loaded.default as PgModule
  if (!('handleRowDescription' in pg.Query.prototype)) throw nativeForced()
  return pg
}

/** See `Driver.loadClient`. */
export async function loadPgClient(): Promise<DriverClient> {
  await loadPg()
  return { name: 'pg', version: installedVersion(peer) }
}

/** With that variable the package gives the client of libpq, which shows none of the protocol. */
function nativeForced(cause?: unknown): SQLNonTransientConnectionException {
  return new SQLNonTransientConnectionException(
    'PostgreSQL is reached through the JavaScript client of the package pg, and NODE_PG_FORCE_NATIVE asks it for ' +
      'another one: unset NODE_PG_FORCE_NATIVE',
    { sqlState: '08001', reason: 'connect-failed', cause },
  )
}
