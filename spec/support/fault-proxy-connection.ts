import type { Socket } from 'node:net'
import { Lane, type Flow, type LaneMode } from './fault-proxy-lane.ts'
import type { Framing } from './fault-proxy-framing.ts'

export type Direction = 'toServer' | 'toClient'
export type Side = 'client' | 'server'

/** Those without a direction take both. */
export type ConnectionMode =
  | { readonly kind: 'pass' }
  /** Nothing moves, not even the news of an end, until the next `set`; then it all arrives. */
  | { readonly kind: 'stall'; readonly direction?: Direction }
  | {
      readonly kind: 'trickle'
      readonly bytes: number
      readonly every: number
      readonly direction?: Direction
    }
  /** So many bytes more, then both sides are reset (or ended). */
  | {
      readonly kind: 'cut'
      readonly after: number
      readonly direction: Direction
      readonly how?: 'reset' | 'end'
    }
  /** This side reads an end, and may go on writing. */
  | { readonly kind: 'half-close'; readonly side: Side }
  /** This side keeps a connection whose peer is gone, and is never told. */
  | { readonly kind: 'half-open'; readonly side: Side }
  | { readonly kind: 'reset' }

export type Counts = Readonly<Record<Direction, Flow>>

export class ProxiedConnection {
  readonly #client: Socket
  readonly #server: Socket
  readonly #lanes: Readonly<Record<Direction, Lane>>

  constructor(client: Socket, server: Socket, framing?: Framing) {
    this.#client = client
    this.#server = server
    const onCut = (how: 'reset' | 'end') => {
      if (how === 'reset') this.set({ kind: 'reset' })
      else for (const socket of [client, server]) socket.destroySoon()
    }
    const lane = (source: Socket, sink: Socket, direction: Direction) =>
      new Lane({ source, sink, onCut, names: (chunk) => framing?.[direction](chunk) ?? [] })
    this.#lanes = { toServer: lane(client, server, 'toServer'), toClient: lane(server, client, 'toClient') }
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.once('close', () => this.open || this.#stop())
    }
  }

  /** Until both sides have closed. */
  get open(): boolean {
    return !this.#client.destroyed || !this.#server.destroyed
  }

  get counts(): Counts {
    return { toServer: this.#lanes.toServer.flow, toClient: this.#lanes.toClient.flow }
  }

  set(mode: ConnectionMode): void {
    switch (mode.kind) {
      case 'pass':
        return this.#setLanes(mode)
      case 'stall':
      case 'trickle':
      case 'cut':
        return this.#setLanes(mode, mode.direction)
      case 'half-close':
        this.#setLanes({ kind: 'pass' })
        return void this.#socket(mode.side).end()
      case 'half-open':
        this.#setLanes({ kind: 'discard' })
        return void this.#socket(mode.side === 'client' ? 'server' : 'client').destroy()
      case 'reset':
        this.#stop()
        for (const socket of [this.#client, this.#server]) socket.resetAndDestroy()
    }
  }

  destroy(): void {
    this.#stop()
    for (const socket of [this.#client, this.#server]) socket.destroy()
  }

  #setLanes(mode: LaneMode, only?: Direction): void {
    for (const direction of ['toServer', 'toClient'] as const) {
      this.#lanes[direction].set(only === undefined || only === direction ? mode : { kind: 'pass' })
    }
  }

  #socket(side: Side): Socket {
    return side === 'client' ? this.#client : this.#server
  }

  #stop(): void {
    this.#lanes.toServer.stop()
    this.#lanes.toClient.stop()
  }
}
