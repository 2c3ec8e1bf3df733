import { EventEmitter } from 'node:events'

type Callback = (error?: Error) => void

/** As much of a `pg` client as pg-pool touches. */
export class StubClient extends EventEmitter {
  readonly _queryable = true
  readonly _ending = false

  connect(callback: Callback): void {
    queueMicrotask(callback)
  }

  end(callback?: Callback): void {
    callback?.()
  }

  ref(): void {}

  unref(): void {}
}
