import { once } from 'node:events'
import {
  connect,
  createServer,
  type AddressInfo,
  type NetConnectOpts,
  type Server,
  type Socket,
} from 'node:net'
import { ProxiedConnection, type ConnectionMode, type Counts } from './fault-proxy-connection.ts'
import type { Framing } from './fault-proxy-framing.ts'
import type { Flow } from './fault-proxy-lane.ts'

export interface FaultProxyOptions {
  /** The server: `{ host, port }`, or `{ path }` of its unix socket. */
  readonly target: { readonly host: string; readonly port: number } | { readonly path: string }
  /** How bytes are cut into messages, where these are to be counted: `postgresFraming`. */
  readonly framing?: () => Framing
}

/** 'refuse' is for those to come: nobody listens. */
export type Mode = ConnectionMode | { readonly kind: 'refuse' }

/** Between client and server, on the loopback: passes, counts, and does on demand what networks do. */
export class FaultProxy implements AsyncDisposable {
  readonly host = '127.0.0.1'
  /** All that were ever accepted, in order. */
  readonly connections: ProxiedConnection[] = []
  readonly #options: FaultProxyOptions
  #mode: Mode = { kind: 'pass' }
  #listener: Server | undefined
  #port = 0

  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options)
    await proxy.#listen()
    return proxy
  }

  private constructor(options: FaultProxyOptions) {
    this.#options = options
  }

  get port(): number {
    return this.#port
  }

  get open(): readonly ProxiedConnection[] {
    return this.connections.filter((connection) => connection.open)
  }

  /** For those open now and those to come. A single one is switched by its own `set`. */
  async set(mode: Mode): Promise<void> {
    await this.setNext(mode)
    if (mode.kind !== 'refuse') for (const connection of this.open) connection.set(mode)
  }

  /** For those to come; those open go on as they are. */
  async setNext(mode: Mode): Promise<void> {
    this.#mode = mode
    if (mode.kind === 'refuse') this.#stopListening()
    else await this.#listen()
  }

  /** What has passed since the start in all connections together, as a copy. */
  counts(): Counts {
    const all = this.connections.map(({ counts }) => counts)
    return { toServer: sum(all.map((c) => c.toServer)), toClient: sum(all.map((c) => c.toClient)) }
  }

  /** Ends everything; what is connected is closed. */
  close(): void {
    this.#stopListening()
    for (const connection of this.open) connection.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  async #listen(): Promise<void> {
    if (this.#listener) return
    const listener = createServer({ allowHalfOpen: true }, (client) => this.#accept(client))
    this.#listener = listener
    listener.listen(this.#port, this.host) // the same port after a refusal
    await once(listener, 'listening')
    this.#port = (listener.address() as AddressInfo).port
  }

  #stopListening(): void {
    this.#listener?.close()
    this.#listener = undefined
  }

  #accept(client: Socket): void {
    const target: NetConnectOpts = { ...this.#options.target, allowHalfOpen: true }
    const connection = new ProxiedConnection(client, connect(target), this.#options.framing?.())
    this.connections.push(connection)
    if (this.#mode.kind !== 'refuse') connection.set(this.#mode)
  }
}

function sum(flows: readonly Flow[]): Flow {
  const total: Flow = { bytes: 0, types: {} }
  for (const { bytes, types } of flows) {
    total.bytes += bytes
    for (const [name, n] of Object.entries(types)) total.types[name] = (total.types[name] ?? 0) + n
  }
  return total
}
