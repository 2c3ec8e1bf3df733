import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Certificate } from '../certificates.ts'
import { readLogin7, type Login7 } from './login.ts'
import { MessageReader, packetType, wholeMessage, type TdsMessage } from './packets.ts'
import { encryption, readPrelogin, writePrelogin } from './prelogin.ts'
import { acceptTls } from './tls.ts'

export interface HandshakeOptions {
  readonly tls: Certificate | undefined
  /** A client that will not encrypt is turned away. */
  readonly requiresTls: boolean
  readonly version: readonly [number, number, number]
}

/** Pre-login, TLS and LOGIN7: what is read and written from then on, or undefined for who is no client. */
export async function shakeHands(
  socket: Socket,
  options: HandshakeOptions,
): Promise<{ readonly stream: Duplex; readonly login: Login7 } | undefined> {
  const first = await nextMessage(socket)
  if (first?.type !== packetType.prelogin) return undefined
  const asked = readPrelogin(first.data).encryption
  const agreed = agree(asked, options)
  const data = writePrelogin({ version: options.version, encryption: agreed, threadId: 0, mars: false })
  socket.write(wholeMessage(data, { type: packetType.response, packetSize: 4_096, spid: 0 }))
  const encrypts = agreed === encryption.on || agreed === encryption.required
  if (encrypts && asked === encryption.notSupported) return undefined
  const stream = encrypts ? await acceptTls(socket, options.tls!) : socket
  const second = await nextMessage(stream)
  if (second?.type !== packetType.login7) return undefined
  return { stream, login: readLogin7(second.data) }
}

/** Encrypting the login alone (both say "off") is not known here: the answer is then that TLS is not supported. */
function agree(asked: number, { tls, requiresTls }: HandshakeOptions): number {
  if (!tls) return encryption.notSupported
  if (requiresTls) return encryption.required
  return asked === encryption.on || asked === encryption.required ? encryption.on : encryption.notSupported
}

/** One, and nothing behind it: clients wait for the answer. */
async function nextMessage(stream: Duplex): Promise<TdsMessage | undefined> {
  const reader = new MessageReader()
  for (;;) {
    const bytes = stream.read() as Buffer | null
    if (bytes === null) {
      if (stream.readableEnded || stream.destroyed) return undefined
      await Promise.race([once(stream, 'readable'), once(stream, 'end'), once(stream, 'close')])
      continue
    }
    const [message] = reader.read(bytes)
    if (message) return message
  }
}
