import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

const codes = { query: 0x03, prepare: 0x16, execute: 0x17 } as const

/** Nothing was changed, nothing is open. */
export const okPacket = Buffer.of(0, 0, 0, 2, 0, 0, 0)

export function fileRequest(name: string): Buffer {
  return Buffer.concat([Buffer.of(0xfb), Buffer.from(name)])
}

interface Answer {
  readonly part: string
  readonly packets: readonly Buffer[]
  /** It does not wait for the file that it asks for. */
  readonly hasty: boolean
}

/** In front of a server, without TLS: passes everything, but answers one statement itself. */
export class Meddler implements AsyncDisposable {
  /** How long the packets of files were that clients have sent since the last {@link Meddler.answer}. */
  given: number[] = []
  readonly #target: { readonly host: string; readonly port: number }
  readonly #listener: Server
  readonly #sockets = new Set<Socket>()
  #answer: Answer | undefined

  static async start(target: { readonly host: string; readonly port: number }): Promise<Meddler> {
    const meddler = new Meddler(target)
    meddler.#listener.listen(0, '127.0.0.1')
    await once(meddler.#listener, 'listening')
    return meddler
  }

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target
    this.#listener = createServer((client) => this.#accept(client))
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port
  }

  /**
   * The next statement that contains this does not reach the server, which may have prepared it.
   *
   * @param packets Behind a request for a file the next one waits for the end of that.
   */
  answer(part: string, packets: readonly Buffer[], { hasty = false } = {}): void {
    this.given = []
    this.#answer = { part, packets, hasty }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #accept(client: Socket): void {
    const server = connect(this.#target)
    const pair = [client, server]
    for (const socket of pair) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        for (const other of pair) other.destroy()
      })
    }
    server.pipe(client, { end: false })
    let rest: Buffer = Buffer.alloc(0)
    let prepared = ''
    let left: Buffer[] = []
    const say = (sequenceId: number, hasty = false): void => {
      for (let packet = left.shift(); packet !== undefined; packet = left.shift()) {
        client.write(framed(packet, sequenceId++))
        if (packet[0] === 0xfb && !hasty) return
      }
    }
    client.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 4 && rest.length >= 4 + rest.readUIntLE(0, 3)) {
        const packet = rest.subarray(0, 4 + rest.readUIntLE(0, 3))
        rest = rest.subarray(packet.length)
        const [code, sequenceId] = [packet[4], packet[3]!]
        const text = packet.toString('utf8', 5)
        if (code === codes.prepare) prepared = text
        const answer = this.#answer
        const isMeant =
          (code === codes.query && text.includes(answer?.part ?? '\0')) ||
          (code === codes.execute && prepared.includes(answer?.part ?? '\0'))
        if (answer !== undefined && sequenceId === 0 && isMeant) {
          this.#answer = undefined
          left = [...answer.packets]
          say(1, answer.hasty)
        } else if (sequenceId !== 0 && left.length > 0) {
          this.given.push(packet.length - 4)
          if (packet.length === 4) say(sequenceId + 1)
        } else server.write(packet)
      }
    })
  }
}

function framed(payload: Buffer, sequenceId: number): Buffer {
  const head = Buffer.alloc(4)
  head.writeUIntLE(payload.length, 0, 3)
  head[3] = sequenceId
  return Buffer.concat([head, payload])
}
