import type { Result } from '../../src/api/result.ts'
import type { StatementCost } from '../../src/pool/statement-cost.ts'
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
    for (let run = 0; run < 16; run++) this.costOf(text)?.ran(0.1)
  }

  /** Undefined where nothing shares. */
  costOf(text: string): StatementCost | undefined {
    const { oneShots } = this.pool
    return oneShots.costOf(oneShots.read({ sql: text, parameters: [], options: undefined })!)
  }

  /** Runs a statement without waiting for its end. */
  run(text: string, options?: { timeout?: number; signal?: AbortSignal }): Watched<Result<[string]>> {
    const running = this.pool.oneShots.execute<[string]>({ sql: text, parameters: [], options })
    if (running === undefined) throw new Error(`${text} wants a handle`)
    return new Watched(running)
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
