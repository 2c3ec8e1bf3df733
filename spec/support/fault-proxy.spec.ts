import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FaultProxy } from './fault-proxy.ts'

/** A socket with all that it has heard. */
interface Peer {
  readonly socket: Socket
  text: string
  ended: boolean
  error: string | undefined
  closed: boolean
}

let server: Server
let proxy: FaultProxy
let accepted: Peer[]
let clients: Peer[]

beforeEach(async () => {
  accepted = []
  clients = []
  server = createServer({ allowHalfOpen: true }, (socket) => accepted.push(listen(socket)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await FaultProxy.start({
    target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
  })
})

afterEach(() => {
  proxy.close()
  for (const { socket } of [...accepted, ...clients]) socket.destroy()
  server.close()
})

describe('the fault proxy', () => {
  it('passes both ways, ends as well, and counts', async () => {
    const [client, far] = await pair()
    client.socket.write('question')
    await until(() => far.text === 'question')
    far.socket.write('answer')
    await until(() => client.text === 'answer')
    client.socket.end('!')
    await until(() => far.ended)
    expect(far.text).toBe('question!')
    expect(client.ended).toBe(false)
    far.socket.end('late')
    await until(() => client.closed && far.closed && proxy.open.length === 0)
    expect(client.text).toBe('answerlate')
    expect(proxy.counts()).toEqual({ toServer: { bytes: 9, types: {} }, toClient: { bytes: 10, types: {} } })
  })

  it('carries much more than any buffer holds, unchanged', async () => {
    const [client, far] = await pair()
    const much = Buffer.alloc(5_000_000, 'abcdefghij')
    client.socket.end(much)
    await until(() => far.ended)
    expect(far.text === much.toString()).toBe(true)
    expect(proxy.counts().toServer.bytes).toBe(much.length)
  })

  it('hands a slow reader’s backpressure to the writer', async () => {
    const [client, far] = await pair()
    far.socket.pause()
    const much = 50_000_000
    client.socket.end(Buffer.alloc(much))
    await sleep(100)
    expect(proxy.counts().toServer.bytes).toBeLessThan(much)
    far.socket.resume()
    await until(() => far.ended)
    expect(far.text).toHaveLength(much)
  })

  it('stalls: nothing arrives, neither bytes nor an end; later all of it', async () => {
    const [client, far] = await pair()
    await proxy.set({ kind: 'stall' })
    client.socket.end('question')
    far.socket.write('answer')
    await sleep(50)
    expect([client.text, far.text, far.ended]).toEqual(['', '', false])
    expect(proxy.counts().toServer.bytes).toBe(0)
    await proxy.set({ kind: 'pass' })
    await until(() => client.text === 'answer' && far.text === 'question' && far.ended)
  })

  it('keeps a reset to itself while it stalls', async () => {
    const [client, far] = await pair()
    await proxy.set({ kind: 'stall' })
    client.socket.resetAndDestroy()
    await sleep(50)
    expect(far.closed).toBe(false)
    await proxy.set({ kind: 'pass' })
    await until(() => far.error === 'ECONNRESET')
  })

  it('stalls in one direction, and exerts backpressure', async () => {
    const [client, far] = await pair()
    await proxy.set({ kind: 'stall', direction: 'toServer' })
    far.socket.write('answer')
    await until(() => client.text === 'answer')
    client.socket.write(Buffer.alloc(50_000_000))
    await sleep(50)
    expect(far.text).toBe('')
    expect(client.socket.writableLength).toBeGreaterThan(0)
  })

  it('stalls one connection and not the other', async () => {
    const [client, far] = await pair()
    const [other, farOther] = await pair()
    proxy.connections[0]?.set({ kind: 'stall' })
    client.socket.write('held')
    other.socket.write('passed')
    await until(() => farOther.text === 'passed')
    await sleep(20)
    expect(far.text).toBe('')
  })

  it('stalls those to come', async () => {
    await proxy.setNext({ kind: 'stall' })
    const [client, far] = await pair()
    client.socket.write('question')
    await sleep(50)
    expect(far.text).toBe('')
    proxy.connections[0]?.set({ kind: 'pass' })
    await until(() => far.text === 'question')
  })

  it('trickles', async () => {
    const [client, far] = await pair()
    await proxy.set({ kind: 'trickle', bytes: 2, every: 5, direction: 'toClient' })
    const pieces: string[] = []
    client.socket.on('data', (piece) => pieces.push(String(piece)))
    far.socket.end('abcdefghijk')
    client.socket.write('at once')
    await until(() => client.ended)
    expect(pieces.join('')).toBe('abcdefghijk')
    // Two pieces may meet in the client's buffer on a busy machine, all six never do.
    expect(pieces.length).toBeGreaterThan(1)
    expect(far.text).toBe('at once')
  })

  it('cuts after so many bytes, by a reset', async () => {
    const [client, far] = await pair()
    far.socket.write('before')
    await until(() => client.text === 'before')
    await proxy.set({ kind: 'cut', after: 4, direction: 'toClient' })
    client.socket.write('question')
    far.socket.write('abc')
    await until(() => client.text === 'beforeabc')
    far.socket.write('defgh')
    await until(() => client.closed && far.closed)
    expect(client.text).toBe('beforeabcd')
    expect(far.text).toBe('question')
    expect([client.error, far.error]).toEqual(['ECONNRESET', 'ECONNRESET'])
  })

  it('cuts after so many bytes, by an end', async () => {
    await proxy.setNext({ kind: 'cut', after: 4, direction: 'toServer', how: 'end' })
    const [client, far] = await pair()
    client.socket.write('abcdefgh')
    await until(() => client.ended && far.ended)
    expect(far.text).toBe('abcd')
    expect([client.error, far.error]).toEqual([undefined, undefined])
  })

  it('cuts at once after no byte', async () => {
    const [client, far] = await pair()
    await proxy.set({ kind: 'cut', after: 0, direction: 'toServer' })
    await until(() => client.error === 'ECONNRESET' && far.error === 'ECONNRESET')
  })

  it.each(['client', 'server'] as const)(
    'half-closes: the %s reads an end and may go on writing',
    async (side) => {
      const [client, far] = await pair()
      const [told, other] = side === 'client' ? [client, far] : [far, client]
      await proxy.set({ kind: 'half-close', side })
      await until(() => told.ended)
      expect(other.ended).toBe(false)
      told.socket.write('still here')
      await until(() => other.text === 'still here')
      other.socket.write('lost')
      await sleep(20)
      expect(told.text).toBe('')
    },
  )

  it('leaves the client half-open: its server is gone, it hears nothing and is not heard', async () => {
    const [client, far] = await pair()
    await proxy.set({ kind: 'half-open', side: 'client' })
    await until(() => far.ended || far.closed)
    client.socket.write('anybody?')
    await sleep(50)
    expect([client.ended, client.closed, client.error]).toEqual([false, false, undefined])
    expect(far.text).toBe('')
    client.socket.destroy()
    await until(() => proxy.open.length === 0)
  })

  it('resets', async () => {
    const [client, far] = await pair()
    await proxy.set({ kind: 'reset' })
    await until(() => client.closed && far.closed)
    expect([client.error, far.error]).toEqual(['ECONNRESET', 'ECONNRESET'])
    expect(proxy.open).toEqual([])
  })

  it('passes a reset on', async () => {
    const [client, far] = await pair()
    far.socket.resetAndDestroy()
    await until(() => client.closed)
    expect(client.error).toBe('ECONNRESET')
  })

  it('refuses newcomers and listens again on the same port', async () => {
    const [client, far] = await pair()
    const { port } = proxy
    await proxy.set({ kind: 'refuse' })
    const refused = await dial()
    await until(() => refused.closed)
    expect(refused.error).toBe('ECONNREFUSED')
    client.socket.write('those inside go on')
    await until(() => far.text !== '')
    await proxy.set({ kind: 'pass' })
    expect(proxy.port).toBe(port)
    await pair()
    expect(proxy.connections).toHaveLength(2)
  })

  it('resets the client when the server cannot be reached', async () => {
    server.close()
    const client = await dial()
    await until(() => client.closed)
    expect(client.error).toBe('ECONNRESET')
  })

  it('closes everything at its end, in any mode', async () => {
    const [client, far] = await pair()
    await proxy.set({ kind: 'stall' })
    client.socket.write('held')
    proxy.close()
    await until(() => client.closed || client.ended)
    await until(() => far.closed || far.ended)
    expect(proxy.open).toEqual([])
    const late = await dial()
    await until(() => late.error === 'ECONNREFUSED')
  })

  it('counts messages by the framing it is given', async () => {
    const { port } = server.address() as AddressInfo
    const words = () => ({ toServer: (chunk: Buffer) => chunk.toString().split(' '), toClient: () => ['x'] })
    await using counting = await FaultProxy.start({ target: { host: '127.0.0.1', port }, framing: words })
    const client = listen(connect(counting.port, '127.0.0.1'))
    clients.push(client)
    client.socket.write('a b a')
    await until(() => accepted.at(-1)?.text === 'a b a')
    accepted.at(-1)?.socket.write('whatever')
    await until(() => client.text !== '')
    const { toServer, toClient } = counting.connections[0]!.counts
    expect([toServer.types, toClient.types]).toEqual([{ a: 2, b: 1 }, { x: 1 }])
  })
})

async function pair(): Promise<[client: Peer, far: Peer]> {
  const before = accepted.length
  const client = await dial()
  await until(() => accepted.length > before)
  return [client, accepted[before]!]
}

async function dial(): Promise<Peer> {
  const peer = listen(connect({ port: proxy.port, host: proxy.host, allowHalfOpen: true }))
  clients.push(peer)
  await new Promise<void>((resolve) => {
    peer.socket.once('connect', () => resolve())
    peer.socket.once('error', () => resolve())
  })
  return peer
}

function listen(socket: Socket): Peer {
  const peer: Peer = { socket, text: '', ended: false, error: undefined, closed: false }
  socket.setEncoding('latin1')
  socket.on('data', (text) => (peer.text += String(text)))
  socket.on('end', () => (peer.ended = true))
  socket.on('error', (error: NodeJS.ErrnoException) => (peer.error = error.code))
  socket.on('close', () => (peer.closed = true))
  return peer
}

/** The runner's own limit ends a wait in vain. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2)
}
