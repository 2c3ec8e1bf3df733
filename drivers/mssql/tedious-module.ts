import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { DriverClient } from '../../src/spi/driver.ts'
import {
  checkVersion,
  installedVersion,
  loadedOnce,
  wrongPeer,
  type PeerPackage,
} from '../../src/spi/peer-package.ts'

// The members of the package `tedious` that are used, so that nobody needs its types, or the package itself before the
// first connect. It brings login, TLS, packets and tokens; values of rows and of parameters are our own, as its decimals
// go through a double and its instants lose their offset. What is not documented of it is looked at when it is loaded.

/** `tedious`'s connection: one request at a time. */
export interface TediousConnection {
  /** The session is over. */
  readonly closed: boolean
  /** As the server says it: told with each change (ENVCHANGE). */
  readonly inTransaction: boolean
  readonly databaseCollation: { toBuffer(): Buffer } | undefined
  readonly config: { readonly options: object }
  /** The next request is to find the session as it was after the login. */
  resetConnectionOnNextRequest: boolean
  /** Makes of an answer what `TediousTokens` says. */
  createTokenStreamParser: (message: Readable, handler: TokenHandler) => object
  connect(done: (error?: Error) => void): void
  /** Sends a message of our own, as it sends its own: in one piece, or in several. */
  makeRequest(request: TediousRequest, packetType: number, payload: Buffer | AsyncIterable<Buffer>): void
  /** Zeros: none is open. */
  currentTransactionDescriptor(): Buffer
  /** As a batch. */
  execSqlBatch(request: TediousRequest): void
  /** False: nothing runs. */
  cancel(): boolean
  /** Cuts the socket. */
  close(): void
  /** What a session is set to at its beginning. */
  getInitialSql(): string
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'end', listener: () => void): unknown
  on(event: 'infoMessage' | 'errorMessage', listener: (message: ServerMessage) => void): unknown
  on(event: 'secure', listener: (stream: SecureStream) => void): unknown
  removeAllListeners(event: 'errorMessage'): unknown
}

/** A message of the server, which is an error or none. */
export interface ServerMessage {
  readonly number: number
  readonly state: number
  readonly class: number
  readonly message: string
  readonly procName?: string | undefined
  readonly lineNumber?: number | undefined
}

interface SecureStream {
  readonly authorized: boolean
  readonly authorizationError: Error | string | null | undefined
}

export interface TediousRequest {
  /** It is to be stopped: what comes of it is of no interest any more. */
  readonly canceled: boolean
  pause(): void
  resume(): void
}

/** A column as the server describes it. */
export interface TediousColumn {
  readonly colName: string
  readonly type: { readonly name: string }
  /** Of integers, floats and texts, in bytes; 0xffff: without a limit. */
  readonly dataLength?: number | undefined
  readonly precision?: number | undefined
  readonly scale?: number | undefined
  readonly udtInfo?: { readonly typeName?: string | undefined } | undefined
}

/** One item of an answer. */
export interface Token {
  readonly name: string
  readonly handlerName: string
  /** Of a result, or the values of a row. */
  readonly columns?: readonly unknown[] | undefined
  /** Of DONE and its kin. */
  readonly rowCount?: number | undefined
  readonly curCmd?: number | undefined
}

export type TokenHandler = Record<string, (token: Token) => void>

/** What is read of an answer so far. */
export interface TokenSource {
  readonly options: object
  readonly colMetadata: readonly TediousColumn[]
  readonly buffer: Buffer
  position: number
}

/** Makes tokens of bytes, as they come. */
export interface TokenParser extends TokenSource {
  write(bytes: Buffer): void
  /** Undefined: more bytes are needed. */
  read(): Token | undefined
  end(): void
  readToken(): Token | undefined
  startTokenReader(reader: { read(source: TokenSource): Token }): Token
}

export type TokenParserClass = new (options: object) => TokenParser

/** Reads a value of a type whose values are right as `tedious` has them. */
type ReadValue = (
  buffer: Buffer,
  offset: number,
  column: TediousColumn,
  options: object,
) => { readonly value: unknown; readonly offset: number }

export interface TediousModule {
  readonly Connection: new (config: TediousConfig) => TediousConnection
  readonly Request: new (
    text: string,
    done: (error: Error | null | undefined, rowCount?: number) => void,
  ) => TediousRequest
  readonly TokenParser: TokenParserClass
  /** Thrown by a reader that wants so many bytes in the buffer. */
  readonly NotEnoughDataError: new (byteCount: number) => unknown
  readonly readValue: ReadValue
  readonly isPLPStream: (column: TediousColumn) => boolean | undefined
  readonly PLPReader: new (column: TediousColumn) => { read(source: TokenSource): unknown }
}

interface TediousConfig {
  readonly server: string
  readonly authentication: { readonly type: string; readonly options: object }
  readonly options: {
    readonly port: number
    readonly connector: (target: { readonly host: string; readonly port: number }) => Promise<Socket>
    readonly [name: string]: unknown
  }
}

/** The first that this was proved on. */
const peer: PeerPackage = { product: 'SQL Server', name: 'tedious', oldest: [20, 3, 0] }

/**
 * The package `tedious`, loaded once.
 *
 * @throws SQLNonTransientConnectionException 08001 when it is missing, too old or not the one that is known, with the
 * line that installs it.
 */
export const loadTedious: () => Promise<TediousModule> = loadedOnce(load)

async function load(): Promise<TediousModule> {
  let loaded: { readonly default: unknown }
  try {
    loaded = await import('tedious')
  } catch (error) {
    throw wrongPeer(peer, 'is not installed', error)
  }
  checkVersion(peer)
  try {
    // Awaited one by one, inside `try`: bundlers take only such a package for one that may be missing.
    const parser = await import('tedious/lib/token/stream-parser.js')
    const values = await import('tedious/lib/value-parser.js')
    const helpers = await import('tedious/lib/token/helpers.js')
    const { Connection, Request } = loaded.default as Record<string, unknown>
    const { readValue, isPLPStream, PLPReader } = values.default as unknown as Record<string, unknown>
    const { NotEnoughDataError } = helpers.default as unknown as Record<string, unknown>
    const parts = {
      Connection,
      Request,
      TokenParser: parser.default,
      readValue,
      isPLPStream,
      PLPReader,
      NotEnoughDataError,
    }
    check(parts)
    return parts as unknown as TediousModule
  } catch (error) {
    const version = installedVersion(peer) ?? 'unknown'
    throw wrongPeer(peer, `is installed in version ${version}, whose inside is not known here`, error)
  }
}

const connectionMethods = [
  'createTokenStreamParser',
  'currentTransactionDescriptor',
  'getInitialSql',
  'makeRequest',
  'execSqlBatch',
  'cancel',
]

/** What is not documented may be gone in another version: better to be told now than by wrong values. */
function check(parts: Record<keyof TediousModule, unknown>): void {
  const methods = (made: unknown): Record<string, unknown> =>
    (made as { readonly prototype: Record<string, unknown> }).prototype
  const needed: readonly (readonly [name: string, part: unknown])[] = [
    ...Object.entries(parts),
    ...connectionMethods.map((name) => [`Connection.${name}`, methods(parts.Connection)[name]] as const),
    ...['readToken', 'startTokenReader'].map(
      (name) => [`TokenParser.${name}`, methods(parts.TokenParser)[name]] as const,
    ),
  ]
  for (const [name, part] of needed) if (typeof part !== 'function') throw new TypeError(`it has no ${name}`)
}

/** See `Driver.loadClient`. */
export async function loadTediousClient(): Promise<DriverClient> {
  await loadTedious()
  return { name: peer.name, version: installedVersion(peer) }
}
