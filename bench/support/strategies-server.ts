// The HTTP side of bench/five-strategies.ts, in a process of its own: a port for each way of keeping connections.
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Connection } from '../../src/api/connection.ts'
import { createDataSource, type PooledDataSource } from '../../src/index.ts'

/** Where a server listens, told to the parent once all do. */
export type StrategyPorts = Record<string, number>

/** Asks the database for one request. */
type Ask = (request: IncomingMessage) => Promise<unknown>

// What a page asks for: one row, and a moment of the database's time that is not the processor's.
const text = 'SELECT town, pg_sleep(0.002) FROM address WHERE id = ?'

const sources: PooledDataSource[] = []

function source(url: string, settings: Record<string, unknown>): PooledDataSource {
  const made = createDataSource({ url, ...settings })
  sources.push(made)
  return made
}

function pooled(url: string, settings: Record<string, unknown>): Ask {
  const pool = source(url, settings)
  return (request) => pool.query(text, [idOf(request)])
}

/** As a server of processes has it: who serves a client keeps his connection, from its first question to its end. */
function persistent(url: string): Ask {
  const pool = source(url, { pooling: 'none' })
  const kept = new WeakMap<Socket, Promise<Connection>>()
  return async (request) => {
    const { socket } = request
    let connecting = kept.get(socket)
    if (connecting === undefined) {
      connecting = pool.getConnection()
      kept.set(socket, connecting)
      const opened = connecting
      socket.once('close', () => void opened.then((connection) => connection.close()))
    }
    return (await connecting).query(text, [idOf(request)])
  }
}

const strategies: Record<string, (url: string) => Ask> = {
  'connection per request': (url) => pooled(url, { pooling: 'none' }),
  'persistent per worker': persistent,
  'one, locked': (url) => pooled(url, { pooling: 'single' }),
  'fixed pool of 10': (url) => pooled(url, { maximumPoolSize: 10, minimumIdle: 10 }),
  'dynamic pool, 2 to 10': (url) =>
    pooled(url, { maximumPoolSize: 10, softPoolSize: 2, minimumIdle: 2, overflowTimeout: '500ms' }),
}

function idOf({ url = '' }: IncomingMessage): number {
  return Number(url.slice(url.lastIndexOf('/') + 1))
}

async function listen(ask: Ask): Promise<number> {
  const server = createServer((request, response) => {
    // One in five asks the database; the others are of the server's own.
    const answer = request.url!.startsWith('/address') ? ask(request) : Promise.resolve()
    answer.then(
      () => response.end('a page'),
      () => {
        response.statusCode = 500
        response.end('no page')
      },
    )
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const urls = JSON.parse(process.argv[2]!) as Record<string, string>
const ports: StrategyPorts = {}
for (const [name, url] of Object.entries(urls)) {
  ports[name] = await listen(strategies[name.replace(' (again)', '')]!(url))
}
for (const one of sources) await one.start().catch(() => undefined)
process.send!(ports)
process.once('disconnect', () => process.exit())
