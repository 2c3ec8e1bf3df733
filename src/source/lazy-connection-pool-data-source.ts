import { SQLException, SQLNonTransientConnectionException } from '../api/sql-exception.ts'
import type {
  ConnectionPoolDataSource,
  Driver,
  DriverContext,
  PooledConnectionOptions,
} from '../spi/driver.ts'
import type { PooledConnection } from '../spi/pooled-connection.ts'
import type { LoadableDriver } from './driver-table.ts'

/** Loads its driver when the first connection is made: what is never used costs nothing. */
export class LazyConnectionPoolDataSource implements ConnectionPoolDataSource {
  readonly #driver: LoadableDriver
  readonly #settings: Readonly<Record<string, unknown>>
  readonly #context: DriverContext
  #loaded: ConnectionPoolDataSource | undefined
  #loading: Promise<Driver> | undefined
  #closed = false

  constructor(driver: LoadableDriver, settings: Readonly<Record<string, unknown>>, context: DriverContext) {
    this.#driver = driver
    this.#settings = settings
    this.#context = context
  }

  get description(): string {
    return this.#loaded?.description ?? this.#driver.name
  }

  async getPooledConnection(options: PooledConnectionOptions): Promise<PooledConnection> {
    return (this.#loaded ?? (await this.#load())).getPooledConnection(options)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#loaded?.close()
  }

  async #load(): Promise<ConnectionPoolDataSource> {
    try {
      const driver = await (this.#loading ??= this.#driver.load())
      this.#loaded ??= driver.createConnectionPoolDataSource(this.#settings, this.#context)
    } catch (error) {
      // Not kept: a driver that was missing may be there at the next attempt.
      this.#loading = undefined
      if (error instanceof SQLException) throw error
      const message = error instanceof Error ? error.message : String(error)
      throw new SQLNonTransientConnectionException(
        `The driver '${this.#driver.name}' cannot be loaded: ${message}`,
        {
          sqlState: '08001',
          reason: 'connect-failed',
          cause: error,
        },
      )
    }
    if (this.#closed) await this.#loaded.close()
    return this.#loaded
  }
}
