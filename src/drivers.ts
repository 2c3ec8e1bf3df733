import { pgDescriptor } from '../drivers/pg/settings.ts'
import { sqliteDescriptor } from '../drivers/sqlite/settings.ts'
import { bindConfiguration } from './naming/configuration.ts'
import { readConfigurationFile } from './naming/configuration-file.ts'
import { DataSourceObjectFactory } from './naming/data-source-object-factory.ts'
import { Namespace } from './naming/namespace.ts'
import { NamingContext } from './naming/naming-context.ts'
import type { ObjectFactory } from './naming/reference.ts'
import { settingsCheck } from './naming/settings-check.ts'
import type { DataSourceSettings } from './source/data-source-settings.ts'
import { DriverTable, type LoadableDriver } from './source/driver-table.ts'
import { createDataSourceWith } from './source/managed-data-source.ts'
import type { PooledDataSource } from './source/pooled-data-source.ts'
import type { Driver } from './spi/driver.ts'

/** What may be said of a data source beside its settings. */
export interface DataSourceOptions {
  /** For messages and events. Default: the driver's name. */
  readonly name?: string | undefined
}

/** Options of an {@link InitialContext}. */
export interface InitialContextOptions {
  /** For references of other types than `DataSource`. A later one of the same type wins. Default: none. */
  readonly factories?: Iterable<ObjectFactory> | undefined
}

/** Each is loaded when its first connection is made. */
const knownDrivers: readonly LoadableDriver[] = [
  {
    ...sqliteDescriptor,
    load: async () => (await import('../drivers/sqlite/index.ts')).sqliteDriver,
  },
  {
    ...pgDescriptor,
    load: async () => (await import('../drivers/pg/index.ts')).pgDriver,
  },
]

const drivers = new DriverTable(knownDrivers)
const checkSettings = settingsCheck(drivers)

/**
 * Makes a driver known to all data sources of this process, by its name and its URL schemes
 * (`DriverManager.registerDriver`). It replaces one of the same name.
 */
export function registerDriver(driver: Driver): void {
  drivers.register(driver)
}

/**
 * Makes a data source, without connecting and without loading its driver. Whoever makes it closes it.
 *
 * ```ts
 * await using accounts = createDataSource(process.env.DATABASE_URL)
 * ```
 * On Node 22, which has no `await using`: `const accounts = …`, and `await accounts.close()` in a `finally`.
 *
 * @param settings A url such as `sqlite:address.db`, or settings. `undefined` is allowed by the type only so that an
 * environment variable can be passed on; it is refused.
 * @throws InvalidSettingError HY024 for a setting that is unknown or not allowed.
 * @throws SQLNonTransientConnectionException 08001 when no driver takes the url.
 */
export function createDataSource(
  settings: string | DataSourceSettings | undefined,
  options?: DataSourceOptions,
): PooledDataSource {
  return createDataSourceWith(drivers, settings, { name: options?.name })
}

/**
 * The context that an application starts from (`javax.naming.InitialContext`). It owns what it makes: `close()`, or
 * `await using`, closes it.
 */
export class InitialContext extends NamingContext implements AsyncDisposable {
  readonly #namespace: Namespace

  /** An empty context. */
  constructor(options: InitialContextOptions = {}) {
    const namespace = new Namespace([
      new DataSourceObjectFactory(createDataSource),
      ...(options.factories ?? []),
    ])
    super(namespace)
    this.#namespace = namespace
  }

  /**
   * A context with the data sources of a configuration file in YAML or JSON. Makes none of them: that is done by the
   * first lookup.
   *
   * ```yaml
   * defaults:
   *   maximumPoolSize: 20
   * dataSources:
   *   jdbc/accounts:
   *     url: { env: ACCOUNTS_URL, default: 'sqlite:accounts.db' }
   *     idleTimeout: 5m
   *   jdbc/ledger: { link: jdbc/accounts }
   * ```
   * `defaults` are settings of every data source, unless it says otherwise. A value may be `{ env: NAME, default? }`
   * or `{ file: PATH }`, looked up when the data source is made; a relative PATH starts from the folder of the
   * configuration file. A database's own path means what it means in code: it starts from the working directory.
   *
   * @throws ConfigurationException for a file that cannot be used, with line and column.
   */
  static async fromFile(path: string | URL, options?: InitialContextOptions): Promise<InitialContext> {
    const configuration = await readConfigurationFile(path, checkSettings)
    const context = new InitialContext(options)
    bindConfiguration(context, configuration)
    return context
  }

  /**
   * Closes what the context made, the latest first, one after the other; each data source waits for its connections
   * in use. Objects that the application bound stay open. The context refuses everything afterwards. Idempotent.
   *
   * @throws AggregateError of all failures; one stops nothing.
   */
  close(): Promise<void> {
    return this.#namespace.close()
  }

  /** {@link InitialContext.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
