import type { DatabaseSync } from 'node:sqlite'
import type { Answer, ToEngine } from './protocol.ts'

/** The way to an engine, wherever it works. */
export interface Channel {
  /** What follows the name of the connection, to find it from outside: ` (pid 4711)`. */
  readonly place: string
  /** Whether {@link Channel.destroy} stops a statement that runs. */
  readonly destroyIsImmediate: boolean
  /** Only where the engine works in this thread. */
  readonly database?: DatabaseSync | undefined
  send(message: ToEngine): void
  /** Whether it keeps this process running. Default: it does not. */
  keepAlive?(on: boolean): void
  /** Nothing more is answered; {@link ChannelListener.ended} follows when the engine is really gone. Idempotent. */
  destroy(): void
}

export interface ChannelListener {
  answered(answers: readonly Answer[]): void
  /** That request waits for a lock. */
  waiting(request: number): void
  /** The engine is gone, wanted or not. Called once. */
  ended(cause: Error | undefined): void
}

export type OpenChannel = (listener: ChannelListener) => Channel

/** The entry file of a thread or process: the source when this runs from source, the built file otherwise. */
export function entryFile(source: URL): URL {
  const runsFromSource = /\.ts(\?|$)/.test(import.meta.url)
  return runsFromSource ? source : new URL(source.href.replace(/\.ts$/, '.js'))
}
