import type { Framing } from './fault-proxy-framing.ts'

const commands: Record<number, string> = {
  0x01: 'Quit',
  0x02: 'InitDb',
  0x03: 'Query',
  0x0e: 'Ping',
  0x16: 'Prepare',
  0x17: 'Execute',
  0x19: 'CloseStatement',
  0x1b: 'SetOption',
  0x1f: 'Reset',
}

/** What a client of MySQL's protocol asks for; answers are counted in packets. After the turn to TLS there is nothing to see. */
export function mariaDbFraming(): Framing {
  const fromClient = packets()
  const fromServer = packets()
  return {
    // A request begins to count anew; what the client says in the handshake goes on.
    toServer: (chunk) =>
      fromClient(chunk).map(({ number, first }) => (number === 0 ? (commands[first] ?? `${first}`) : 'more')),
    toClient: (chunk) => fromServer(chunk).map(() => 'packet'),
  }
}

interface Packet {
  readonly number: number
  readonly first: number
}

function packets(): (chunk: Buffer) => Packet[] {
  let unread: Buffer = Buffer.alloc(0)
  return (chunk) => {
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk])
    const found: Packet[] = []
    while (unread.length >= 4) {
      const size = 4 + unread.readUIntLE(0, 3)
      if (unread.length < size) break
      found.push({ number: unread[3]!, first: size > 4 ? unread[4]! : -1 })
      unread = unread.subarray(size)
    }
    return found
  }
}
