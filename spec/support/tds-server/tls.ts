import { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Certificate } from '../certificates.ts'
import { MessageReader, packetType, wholeMessage } from './packets.ts'

/**
 * TLS as TDS 7 has it: the messages of the handshake travel in pre-login packets, one message for each flight, and
 * what follows is plain TLS.
 *
 * @returns When the handshake is over.
 */
export async function acceptTls(socket: Socket, { cert, key }: Certificate): Promise<TLSSocket> {
  const wrapped = new HandshakeStream(socket)
  // Of TLS 1.3 the server's last flight comes after the client has begun to speak plainly: TDS 7 ends with 1.2.
  const secure = new TLSSocket(wrapped, { isServer: true, cert, key, maxVersion: 'TLSv1.2' })
  await new Promise<void>((resolve, reject) => {
    secure.once('secure', resolve)
    secure.once('error', reject)
    socket.once('close', () => reject(new Error('the socket was closed during the TLS handshake')))
  })
  wrapped.finishHandshake()
  return secure
}

class HandshakeStream extends Duplex {
  readonly #socket: Socket
  readonly #reader = new MessageReader()
  #flight: Buffer[] = []
  #isPlain = false

  constructor(socket: Socket) {
    super()
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => this.#receive(bytes))
    socket.on('end', () => this.push(null))
    socket.on('close', () => this.destroy())
    socket.on('drain', () => this.emit('socketDrain'))
  }

  #receive(bytes: Buffer): void {
    if (this.#isPlain || bytes[0] !== packetType.prelogin) this.#isPlain = true
    const parts = this.#isPlain ? [bytes] : this.#reader.read(bytes).map(({ data }) => data)
    for (const part of parts) if (!this.push(part)) this.#socket.pause()
  }

  /** What is written from now on goes as it is. */
  finishHandshake(): void {
    this.#flush()
    this.#isPlain = true
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#isPlain) {
      if (this.#socket.write(bytes)) done()
      else this.once('socketDrain', () => done())
      return
    }
    if (this.#flight.push(bytes) === 1) setImmediate(() => this.#flush())
    done()
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }

  #flush(): void {
    if (this.#flight.length === 0) return
    const flight = Buffer.concat(this.#flight)
    this.#flight = []
    this.#socket.write(wholeMessage(flight, { type: packetType.prelogin, packetSize: 4_096, spid: 0 }))
  }
}
