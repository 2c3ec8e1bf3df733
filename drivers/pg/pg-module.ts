import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { SQLNonTransientConnectionException } from '../../src/api/sql-exception.ts'

// The few members of the package `pg` that are used, so that nobody needs its types, or the package itself before
// the first connect.

/** `pg.Client`: start-up, authentication, TLS, and the dispatch of messages to what was submitted. */
export interface PgClient {
  readonly connection: PgLink
  readonly processID: number | null
  readonly secretKey: number | null
  connect(): Promise<unknown>
  query(request: object): unknown
  end(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
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
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  readonly password: () => string | Promise<string>
  readonly ssl: TlsConfig | false
  readonly application_name: string
  readonly options: string
  readonly keepAlive: boolean
  readonly keepAliveInitialDelayMillis: number
  /** Several requests may be sent before the first is answered. */
  readonly pipeline: true
}

export type TlsConfig = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'servername' | 'rejectUnauthorized' | 'checkServerIdentity'
>

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
const oldest = [8, 23, 1] as const

let loading: Promise<PgModule> | undefined

/**
 * The package `pg`, loaded once.
 *
 * @throws SQLNonTransientConnectionException 08001 when it is missing or too old, with the line that installs it.
 */
export function loadPg(): Promise<PgModule> {
  loading ??= load()
  // It may be installed meanwhile.
  loading.catch(() => (loading = undefined))
  return loading
}

async function load(): Promise<PgModule> {
  let loaded: { readonly default: unknown }
  try {
    loaded = await import('pg')
  } catch (error) {
    throw wrongPeer('is not installed', error)
  }
  const version = installedVersion()
  if (version !== undefined && isOlder(version)) throw wrongPeer(`is installed in version ${version}`)
  return loaded.default as PgModule
}

/** Undefined in a bundle, where there is no package any more. */
function installedVersion(): string | undefined {
  try {
    return (createRequire(import.meta.url)('pg/package.json') as { version: string }).version
  } catch {
    return undefined
  }
}

export function isOlder(version: string): boolean {
  const parts = version.split(/[.-]/).map(Number)
  for (const [at, least] of oldest.entries()) {
    const part = parts[at] ?? 0
    if (part !== least) return part < least
  }
  return false
}

function wrongPeer(fault: string, cause?: unknown): SQLNonTransientConnectionException {
  return new SQLNonTransientConnectionException(
    `PostgreSQL is reached through the package pg, which ${fault}: npm i pg@^${oldest.join('.')}`,
    { sqlState: '08001', reason: 'connect-failed', cause },
  )
}
