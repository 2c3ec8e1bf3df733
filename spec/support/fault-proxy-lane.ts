import type { Socket } from 'node:net'

/** What one direction of a connection does with its bytes; at 'discard' they are read and lost. */
export type LaneMode =
  | { readonly kind: 'pass' | 'stall' | 'discard' }
  | { readonly kind: 'trickle'; readonly bytes: number; readonly every: number }
  | { readonly kind: 'cut'; readonly after: number; readonly how?: 'reset' | 'end' }

/** What has passed in one direction. `types` counts messages by name, where a framing was given. */
export interface Flow {
  bytes: number
  readonly types: Record<string, number>
}

export interface LaneEnds {
  readonly source: Socket
  readonly sink: Socket
  readonly names: (chunk: Buffer) => readonly string[]
  readonly onCut: (how: 'reset' | 'end') => void
}

/** One direction: reads only what it may pass on, so that a stalled peer fills the sender's buffers as in life. */
export class Lane {
  readonly flow: Flow = { bytes: 0, types: {} }
  readonly #ends: LaneEnds
  #mode: LaneMode = { kind: 'pass' }
  #left = Infinity
  #timer: NodeJS.Timeout | undefined
  #full = false
  #broken = false

  constructor(ends: LaneEnds) {
    this.#ends = ends
    const { source, sink } = ends
    source.on('readable', () => this.#pump())
    source.once('end', () => this.#ended())
    source.on('error', () => {
      this.#broken = true
      this.#pump()
    })
    sink.on('drain', () => {
      this.#full = false
      this.#pump()
    })
  }

  set(mode: LaneMode): void {
    this.stop()
    this.#mode = mode
    this.#left = mode.kind === 'cut' ? mode.after : Infinity
    this.#pump()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #pump(): void {
    if (this.#mode.kind === 'stall' || this.#timer !== undefined) return
    if (this.#broken) return void this.#ends.sink.resetAndDestroy()
    if (this.#mode.kind === 'trickle') return this.#drip(this.#mode)
    if (this.#left === 0) return this.#cut(this.#mode)
    while (!this.#full && this.#left > 0 && this.#move(this.#left));
  }

  #drip({ bytes, every }: LaneMode & { kind: 'trickle' }): void {
    if (this.#full || !this.#move(bytes)) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#pump()
    }, every)
  }

  /** False when there was nothing to move. */
  #move(most: number): boolean {
    const { source, sink, names } = this.#ends
    const size = Math.min(most, source.readableLength)
    const chunk = (size > 0 ? source.read(size) : source.read()) as Buffer | null // at the end it says so
    if (chunk === null) return false
    if (this.#mode.kind === 'discard' || !sink.writable) return true
    this.flow.bytes += chunk.length
    for (const name of names(chunk)) this.flow.types[name] = (this.flow.types[name] ?? 0) + 1
    this.#left -= chunk.length
    const mode = this.#mode
    // What was passed before the cut arrives before it.
    this.#full = !sink.write(chunk, () => mode === this.#mode && this.#left === 0 && this.#cut(mode))
    return true
  }

  #cut(mode: LaneMode): void {
    this.#mode = { kind: 'discard' }
    this.#left = Infinity
    this.#ends.onCut((mode.kind === 'cut' && mode.how) || 'reset')
  }

  #ended(): void {
    if (this.#mode.kind === 'discard') this.#ends.source.destroy()
    else this.#ends.sink.end()
  }
}
