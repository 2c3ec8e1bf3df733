import type { ConnectionPoolDataSource, DriverContext, PooledConnectionOptions } from '../spi/driver.ts'
import type { PhysicalConnection } from '../spi/physical-connection.ts'
import type { PooledConnection } from '../spi/pooled-connection.ts'
import type { Dialect } from '../sql/dialect.ts'
import { StatementCompiler } from '../sql/statement-compiler.ts'
import { judgeBy } from './exception-override.ts'
import { SessionPooledConnection } from './session-pooled-connection.ts'
import type { SessionContext } from './session.ts'

/** What a driver gives to have its {@link ConnectionPoolDataSource}. */
export interface BaseDataSourceOptions {
  /** Where it connects to, for messages: never with a password. */
  readonly description: string
  readonly driverName: string
  readonly dialect: Dialect
  readonly context: DriverContext
  /** Opens one session. When the deadline passes first, whatever was begun is undone. */
  connect(options: PooledConnectionOptions): Promise<PhysicalConnection>
  /** Gives up what belongs to the source itself. Default: nothing. */
  close?(): Promise<void>
}

/** The {@link ConnectionPoolDataSource} of a driver that brings only its {@link PhysicalConnection}. */
export class BaseConnectionPoolDataSource implements ConnectionPoolDataSource {
  readonly description: string
  readonly #options: BaseDataSourceOptions
  /** By dialect: what is compiled for one is nothing for another. */
  readonly #contexts = new Map<Dialect, SessionContext>()
  readonly #judge: SessionContext['judge']
  #closing: Promise<void> | undefined

  constructor(options: BaseDataSourceOptions) {
    const { context, description } = options
    this.description = description
    this.#options = options
    this.#judge = judgeBy(context.session.exceptionOverride, context.dataSourceName)
  }

  async getPooledConnection(options: PooledConnectionOptions): Promise<PooledConnection> {
    const physical = await this.#options.connect(options).catch((error: unknown) => {
      const { error: missed } = options.deadline
      throw error === missed ? missed : this.#judge(error)
    })
    const pooled = new SessionPooledConnection(physical, this.#contextFor(physical))
    try {
      await pooled.initialise(options.deadline)
      return pooled
    } catch (error) {
      pooled.abort(error)
      await pooled.close()
      throw error
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#options.close?.() ?? Promise.resolve())
  }

  #contextFor({ dialect = this.#options.dialect }: PhysicalConnection): SessionContext {
    const known = this.#contexts.get(dialect)
    if (known !== undefined) return known
    const { context, driverName } = this.#options
    const made: SessionContext = {
      compiler: new StatementCompiler(dialect, context.session.statementCacheSize),
      clock: context.clock,
      settings: context.session,
      dataSourceName: context.dataSourceName,
      driverName,
      judge: this.#judge,
    }
    this.#contexts.set(dialect, made)
    return made
  }
}
