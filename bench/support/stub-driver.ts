import { BaseConnectionPoolDataSource, type Driver, type PhysicalConnection } from '../../src/spi.ts'
import { sqliteDialect } from '../../drivers/sqlite/dialect.ts'

let sessions = 0

/** A driver that does nothing, at once: what is left is what a pool and a handle cost. */
export const stubDriver: Driver = stubDriverWith(async () => undefined)

/** The same, whose connects take as long as that. */
export function stubDriverWith(connects: () => Promise<unknown>): Driver {
  return {
    name: 'stub',
    urlSchemes: ['stub'],
    settings: {},
    parseUrl: () => ({}),
    createConnectionPoolDataSource: (_settings, context) =>
      new BaseConnectionPoolDataSource({
        description: 'nothing',
        driverName: 'stub',
        dialect: sqliteDialect,
        context,
        async connect() {
          await connects()
          return stubConnection()
        },
      }),
  }
}

function stubConnection(): PhysicalConnection {
  const nothing = async (): Promise<void> => {}
  const none = { columns: [], rows: [], updateCount: 0 }
  return {
    id: `stub-${++sessions}`,
    capabilities: { pipelining: false, cancel: 'none' },
    server: { productName: 'stub', productVersion: '1', supportedIsolations: ['serializable'] },
    initialState: { readOnly: false, isolation: 'serializable', schema: '' },
    transactionStatus: 'none',
    onDeath: undefined,
    execute: async () => none,
    executeBatch: async () => ({ updateCounts: [] }),
    executeScript: nothing,
    stream: () => ({ columns: [], fetch: async () => ({ rows: [], done: true }), close: nothing }),
    begin: nothing,
    commit: async () => 'committed',
    rollback: nothing,
    savepoint: nothing,
    release: nothing,
    configure: nothing,
    cancel: nothing,
    ping: nothing,
    reset: nothing,
    close: nothing,
    destroy: () => {},
  }
}
