import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import mysql from 'mysql2'

/** Says hello to mysql2, and nothing else: its pool makes its connections itself. */
export class FakeMysql {
  readonly #listener: Server

  /** @param delay What a connect takes, in milliseconds. */
  static async start(delay: number): Promise<FakeMysql> {
    const server = mysql.createServer((connection) => {
      connection.on('error', () => undefined)
      setTimeout(() => greet(connection), delay)
    })
    // The socket's server is not in the types.
    const listener = Reflect.get(server, '_server') as Server
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    return new FakeMysql(listener)
  }

  private constructor(listener: Server) {
    this.#listener = listener
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#listener.close(resolve))
  }
}

function greet(connection: Parameters<Parameters<typeof mysql.createServer>[0]>[0]): void {
  connection.serverHandshake({
    protocolVersion: 10,
    serverVersion: '8.0.0',
    connectionId: 1,
    statusFlags: 2,
    characterSet: 8,
    // All but TLS.
    capabilityFlags: 0xffffff & ~0x800,
    authCallback: (_: unknown, done: (error: null, refusal?: undefined) => void) => {
      done(null)
      // A new command begins to count anew.
      connection.sequenceId = 0
    },
  })
}
