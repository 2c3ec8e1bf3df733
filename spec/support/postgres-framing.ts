import type { Framing } from './fault-proxy-framing.ts'

const frontend: Record<string, string> = {
  B: 'Bind',
  C: 'Close',
  d: 'CopyData',
  c: 'CopyDone',
  f: 'CopyFail',
  D: 'Describe',
  E: 'Execute',
  H: 'Flush',
  F: 'FunctionCall',
  P: 'Parse',
  p: 'Password', // and the messages of SASL, which share its letter
  Q: 'Query',
  S: 'Sync',
  X: 'Terminate',
}

const backend: Record<string, string> = {
  R: 'Authentication',
  K: 'BackendKeyData',
  2: 'BindComplete',
  3: 'CloseComplete',
  C: 'CommandComplete',
  d: 'CopyData',
  c: 'CopyDone',
  G: 'CopyInResponse',
  H: 'CopyOutResponse',
  D: 'DataRow',
  I: 'EmptyQueryResponse',
  E: 'ErrorResponse',
  v: 'NegotiateProtocolVersion',
  n: 'NoData',
  N: 'NoticeResponse',
  A: 'NotificationResponse',
  t: 'ParameterDescription',
  S: 'ParameterStatus',
  1: 'ParseComplete',
  s: 'PortalSuspended',
  Z: 'ReadyForQuery',
  T: 'RowDescription',
}

/** What a client may begin with has no letter but a number. */
const openings: Record<number, string> = {
  80877102: 'CancelRequest',
  80877103: 'SSLRequest',
  80877104: 'GSSENCRequest',
}

/** Messages of PostgreSQL's protocol by their names in its manual; after the turn to TLS there are none to see. */
export function postgresFraming(): Framing {
  let phase: 'opening' | 'asking for encryption' | 'open' | 'encrypted' = 'opening'
  const fromClient = new Unread()
  const fromServer = new Unread()

  const opening = (): string | undefined => {
    if (fromClient.bytes[0] === 0x16) phase = 'encrypted' // a TLS record: encryption without asking
    const code = phase === 'opening' ? fromClient.take(0)?.readInt32BE(4) : undefined
    if (code === undefined) return undefined
    const name = openings[code] ?? 'StartupMessage'
    phase = name === 'SSLRequest' || name === 'GSSENCRequest' ? 'asking for encryption' : 'open'
    return name
  }
  const lettered = (unread: Unread, names: Record<string, string>): string | undefined => {
    const letter = unread.take(1)?.toString('latin1', 0, 1)
    return letter === undefined ? undefined : (names[letter] ?? letter)
  }
  return {
    toServer(chunk) {
      if (phase === 'encrypted') return []
      fromClient.add(chunk)
      return all(() => (phase === 'open' ? lettered(fromClient, frontend) : opening()))
    },
    toClient(chunk) {
      if (phase === 'encrypted') return []
      if (phase === 'asking for encryption') {
        // A single letter: S and G turn to encryption, N leaves the choice to the client.
        phase = chunk[0] === 0x4e ? 'opening' : 'encrypted'
        return [phase === 'opening' ? 'EncryptionRefused' : 'EncryptionAccepted']
      }
      fromServer.add(chunk)
      return all(() => lettered(fromServer, backend))
    },
  }
}

/** What has come and is not a whole message yet. */
class Unread {
  bytes: Buffer = Buffer.alloc(0)

  add(chunk: Buffer): void {
    this.bytes = this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk])
  }

  /** The next message, its length standing at this offset, once it is complete. */
  take(offset: number): Buffer | undefined {
    if (this.bytes.length < offset + 4) return undefined
    const size = offset + this.bytes.readInt32BE(offset)
    if (this.bytes.length < size) return undefined
    const message = this.bytes.subarray(0, size)
    this.bytes = this.bytes.subarray(size)
    return message
  }
}

function all(next: () => string | undefined): string[] {
  const names: string[] = []
  for (let name = next(); name !== undefined; name = next()) names.push(name)
  return names
}
