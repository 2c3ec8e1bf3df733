import { once } from 'node:events'
import { createServer, type AddressInfo, type LookupFunction, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { bufferedSocket } from '../../src/spi/buffered-socket.ts'

let server: Server
let peer: Socket
let socket: Socket

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  socket = bufferedSocket()
  socket.connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [Socket]
  peer = accepted.on('error', () => {})
})

afterEach(() => {
  socket.destroy()
  peer.destroy()
  server.close()
})

/** Bytes that tell where they belong. */
function numbered(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE(at, at)
  return bytes
}

it('passes on what comes, in pieces that stay as they were', async () => {
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  const sent = numbered(3_000_000)
  peer.write(sent.subarray(0, 10))
  await once(socket, 'data')
  peer.end(sent.subarray(10))
  await once(socket, 'end')
  expect(Buffer.concat(pieces).equals(sent)).toBe(true)
  expect(pieces.length).toBeGreaterThan(10)
})

it('does not read while it is paused', async () => {
  let received = 0
  socket.on('data', ({ length }: Buffer) => (received += length))
  socket.pause()
  const sent = numbered(32_000_000)
  peer.write(sent)
  // Nothing tells that nothing comes: on loopback the first bytes would be here by now.
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(received).toBe(0)
  expect(socket.readableLength).toBeLessThan(200_000)
  expect(socket.bytesRead).toBeLessThan(200_000)
  socket.resume()
  while (received < sent.length) await once(socket, 'data')
  expect(received).toBe(sent.length)
})

it('loses nothing when its listener pauses it', async () => {
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => {
    pieces.push(piece)
    if (pieces.length % 3 > 0) return
    socket.pause()
    if (pieces.length % 2 === 0) setImmediate(() => socket.resume())
    else process.nextTick(() => socket.resume())
  })
  const sent = numbered(3_000_000)
  peer.end(sent)
  await once(socket, 'end')
  expect(Buffer.concat(pieces).equals(sent)).toBe(true)
})

it('reads as well over the second of two addresses', async () => {
  const { port } = server.address() as AddressInfo
  const other = bufferedSocket()
  const lookup: LookupFunction = (_host, _options, found) =>
    found(null, [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ])
  const accepted = once(server, 'connection')
  other.connect({ host: 'database.example', port, lookup, autoSelectFamily: true })
  const [there] = (await accepted) as [Socket]
  const sent = numbered(1_000)
  there.end(sent)
  expect(Buffer.concat(await other.toArray()).equals(sent)).toBe(true)
})

it('tells of an end without a goodbye', async () => {
  socket.resume()
  const error = once(socket, 'error')
  peer.resetAndDestroy()
  expect(await error).toMatchObject([{ code: 'ECONNRESET' }])
})
