import type { Socket } from 'node:net'
import type { DriverClient } from '../../src/spi/driver.ts'
import {
  checkVersion,
  installedVersion,
  loadedOnce,
  wrongPeer,
  type PeerPackage,
} from '../../src/spi/peer-package.ts'

// The few members of the package `mysql2` that are used, so that nobody needs its types, or the package itself before
// the first connect. It brings the handshake, authentication, and packets out of bytes; requests are our own.

/** `mysql2`'s connection: it hands each packet to the command whose turn it is. */
export interface MySqlClient {
  /** Another one after the step to TLS. */
  stream: Socket
  /** Of the packet that is expected next. */
  sequenceId: number
  /** The session's number, from the handshake. */
  readonly threadId: number | null
  readonly packetParser: { execute(bytes: Buffer): void }
  addCommand(command: MySqlCommand): unknown
  startTLS: (onSecure: (error?: Error) => void) => void
  pause(): void
  resume(): void
  destroy(): void
  on(event: 'connect', listener: (handshake: MySqlHandshake) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** What is asked of a command: undefined is its turn, everything else belongs to it until it has said `true`. */
export interface MySqlCommand {
  execute(packet: MySqlPacket | undefined): boolean
}

interface MySqlHandshake {
  readonly serverVersion: string
}

/** One packet: a part of a buffer, with a place in it. It is used again for the next packet. */
export interface MySqlPacket {
  readonly buffer: Buffer
  offset: number
  readonly end: number
  readInt8(): number
  readSInt8(): number
  readInt16(): number
  readSInt16(): number
  readInt32(): number
  readSInt32(): number
  readInt64JSNumber(): number
  readSInt64JSNumber(): number
  readFloat(): number
  readDouble(): number
  readLengthCodedNumber(): number | null
  readLengthCodedString(encoding: string): string | null
  readLengthCodedBuffer(): Buffer | null
  readDateTime(timezone: 'local'): Date
  readTimeString(): string
  parseGeometryValue(): unknown
}

interface MySqlClientConfig {
  readonly stream: () => Socket
  readonly host: string
  readonly port: number
  readonly socketPath: string | undefined
  readonly user: string
  readonly password: string | undefined
  readonly database: string | undefined
  /** Whether it asks for TLS; how is ours to do. */
  readonly ssl: object | undefined
  readonly charset: string
  /** Added to its own, or with a minus taken from them. */
  readonly flags: readonly string[]
  readonly connectAttributes: Readonly<Record<string, string>>
  readonly connectTimeout: number
  readonly enableCleartextPlugin: boolean
}

export interface MySqlModule {
  createConnection(config: MySqlClientConfig): MySqlClient
}

/** The first that was made ready for MariaDB's parameters, and on which this was proved. */
const peer: PeerPackage = { product: 'MySQL', name: 'mysql2', oldest: [3, 24, 0] }

/**
 * The package `mysql2`, loaded once.
 *
 * @throws SQLNonTransientConnectionException 08001 when it is missing or too old, with the line that installs it.
 */
export const loadMySql: () => Promise<MySqlModule> = loadedOnce(load)

async function load(): Promise<MySqlModule> {
  let loaded: { readonly default: unknown }
  try {
    loaded = await import('mysql2')
  } catch (error) {
    throw wrongPeer(peer, 'is not installed', error)
  }
  checkVersion(peer)
  return loaded.default as MySqlModule
}

/** See `Driver.loadClient`. */
export async function loadMySqlClient(): Promise<DriverClient> {
  await loadMySql()
  return { name: peer.name, version: installedVersion(peer) }
}
