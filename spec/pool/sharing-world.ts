import type { Result } from '../../src/api/result.ts'
import { StubSessions, type StubSession } from '../support/stub-session.ts'
import { realPool, settle, Watched, World, type PoolMaker } from './world.ts'

/** A pool in which statements may share connections, over a stub driver. */
export class SharingWorld extends World {
  readonly sessions: StubSessions

  constructor(settings: Record<string, unknown> = {}, make: PoolMaker = realPool) {
    super({ sharing: 'pipelined', ...settings }, { make })
    this.sessions = new StubSessions(this.driver)
  }

  /** Makes a connection, and a text known as cheap. */
  static async with(
    texts: readonly string[],
    settings?: Record<string, unknown>,
    make?: PoolMaker,
  ): Promise<SharingWorld> {
    const world = new SharingWorld(settings, make)
    await world.fill(Number(settings?.['maximumPoolSize'] ?? 1))
    for (const text of texts) world.prove(text)
    return world
  }

  prove(text: string): void {
    for (let run = 0; run < 16; run++) this.pool.sharing.read(text, [], undefined)!.cost.ran(0.1)
  }

  /** Runs a statement without waiting for its end. */
  run(text: string, options?: { timeout?: number; signal?: AbortSignal }): Watched<Result<[string]>> {
    const sharable = this.pool.sharing.read(text, [], options)
    if (sharable === undefined) throw new Error(`${text} cannot be shared`)
    return new Watched(
      this.pool.sharing.execute<[string]>(sharable, options, (connection) => {
        void connection.close()
        return Promise.resolve({ rows: [[`${text} alone`]] } as unknown as Result<[string]>)
      }),
    )
  }

  get session(): StubSession {
    return this.sessions.all.at(-1)!
  }

  /** The first statement of the session that was made last ends. */
  async answer(times = 1): Promise<void> {
    for (let i = 0; i < times; i++) this.session.answer()
    await settle()
  }
}
