import { noDeadline } from '../../src/session/call-deadline.ts'
import { validateSettings } from '../../src/spi/settings.ts'
import type { PooledConnection } from '../../src/spi/pooled-connection.ts'
import { ScriptedDriver } from '../../src/testing/index.ts'
import { ManualClock } from '../support/manual-clock.ts'

export const insertText = 'INSERT INTO kit (id, name, amount) VALUES (?, ?, ?)'

/** One physical connection of the scripted driver, on time that stands still, with its table and its events. */
export interface Opened {
  readonly clock: ManualClock
  readonly driver: ScriptedDriver
  readonly pooled: PooledConnection
  readonly events: string[]
  /** What was sent since the last call. */
  readonly sent: () => string[]
  readonly ids: () => unknown[]
}

export async function open(
  settings: Readonly<Record<string, unknown>> = {},
  driver = new ScriptedDriver(),
): Promise<Opened> {
  const clock = new ManualClock()
  driver.query('CREATE TABLE kit (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, amount INTEGER)')
  const source = driver.createConnectionPoolDataSource(
    validateSettings(driver.settings, settings, 'scripted'),
    {
      dataSourceName: 'scripted',
      clock,
      session: { queryTimeout: Infinity, validationTimeout: 5_000, statementCacheSize: 256 },
    },
  )
  const connecting = source.getPooledConnection({ deadline: noDeadline })
  await clock.advance(1_000)
  const pooled = await connecting
  const events: string[] = []
  pooled.addConnectionEventListener({
    connectionClosed: () => void events.push('closed'),
    connectionErrorOccurred: () => void events.push('error'),
  })
  let seen = driver.operations.length
  return {
    clock,
    driver,
    pooled,
    events,
    sent() {
      const texts = driver.wire().slice(seen)
      seen = driver.operations.length
      return texts
    },
    ids: () => driver.query('SELECT id FROM kit ORDER BY id').map((row) => row['id']),
  }
}

/** How a promise ends: the SQLSTATE of its error, or `ok`. Never rejects. */
export function outcome(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'ok',
    (error: unknown) => (error as { sqlState?: string }).sqlState ?? String(error),
  )
}
