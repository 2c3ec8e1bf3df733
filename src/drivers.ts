import { mySqlDescriptor } from '../drivers/mysql/settings.ts'
import { mssqlDescriptor } from '../drivers/mssql/settings.ts'
import { pgDescriptor } from '../drivers/pg/settings.ts'
import { sqliteDescriptor } from '../drivers/sqlite/settings.ts'
import { durationOption, type Duration } from './api/duration.ts'
import { readConfiguration } from './naming/configuration.ts'
import { ConfigurationBinding } from './naming/configuration-binding.ts'
import { pathOf, readConfigurationFile } from './naming/configuration-file.ts'
import { readConfigurationObject, type WellheadConfiguration } from './naming/configuration-object.ts'
import { ConfigurationWatch, configurationReporter } from './naming/configuration-watch.ts'
import { DataSourceObjectFactory } from './naming/data-source-object-factory.ts'
import { Namespace } from './naming/namespace.ts'
import { NamingContext } from './naming/naming-context.ts'
import { NamingScope, type NamingScopeOptions } from './naming/naming-scope.ts'
import type { ObjectFactory } from './naming/reference.ts'
import { settingsRules } from './naming/settings-check.ts'
import { systemClock } from './session/system-clock.ts'
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

/** Options of a context with a configuration. */
export interface ConfigurationOptions extends InitialContextOptions {
  /**
   * Which of the `profiles` of the configuration is laid over it. Default: the environment variable
   * `WELLHEAD_PROFILE`; the empty text: none.
   */
  readonly profile?: string | undefined
}

/** Options of a context with a configuration file. */
export interface ConfigurationFileOptions extends ConfigurationOptions {
  /**
   * Whether changes of the file, and of those that its values are in, are put in force while the program runs, and how
   * often they are looked at: true is every second. Default: false.
   */
  readonly watch?: boolean | Duration | undefined
  /**
   * Whether a data source that was changed in the file must connect before its name goes over to it: when it cannot,
   * the old one stays. Default: false.
   */
  readonly verify?: boolean | undefined
  /**
   * Is told when a changed file cannot be used, and what it says before stays in force; or when one of its data
   * sources could not follow. Default: a warning of the process with the code `WELLHEAD_CONFIGURATION`.
   */
  readonly onConfigurationError?: ((error: unknown) => void) | undefined
}

/** Each is loaded when its first connection is made. */
export const knownDrivers: readonly LoadableDriver[] = [
  {
    ...sqliteDescriptor,
    load: async () => (await import('../drivers/sqlite/index.ts')).sqliteDriver,
  },
  {
    ...pgDescriptor,
    load: async () => (await import('../drivers/pg/index.ts')).pgDriver,
  },
  {
    ...mssqlDescriptor,
    load: async () => (await import('../drivers/mssql/index.ts')).mssqlDriver,
  },
  {
    ...mySqlDescriptor,
    load: async () => (await import('../drivers/mysql/index.ts')).mysqlDriver,
  },
]

const drivers = new DriverTable(knownDrivers)
const rules = settingsRules(drivers)

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
  #watch: ConfigurationWatch | undefined

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
   * profiles:
   *   production:
   *     dataSources:
   *       jdbc/accounts: { url: 'postgres://db.example/accounts', password: { file: /run/secrets/accounts } }
   * ```
   * `defaults` are settings of every data source, unless it says otherwise; a profile changes both, key by key, and
   * null takes away. A value may be `{ env: NAME, default? }` or `{ file: PATH }`, looked up when the data source is
   * made, and those that the driver asks for (a password) again at every connect; a relative PATH starts from the
   * folder of the configuration file. A database's own path means what it means in code: it starts from the working
   * directory.
   *
   * With `watch` a changed file is put in force: each name that says something else is bound anew, and data sources
   * looked up before follow. A file that is wrong changes nothing.
   *
   * @throws ConfigurationException for a file that cannot be used, with line and column.
   */
  static async fromFile(path: string | URL, options: ConfigurationFileOptions = {}): Promise<InitialContext> {
    const interval = intervalOf(options)
    const profile = profileOf(options)
    const file = pathOf(path)
    const read = () => readConfigurationFile(file, rules, profile)
    const report = configurationReporter(options.onConfigurationError)
    const watch =
      interval === undefined
        ? undefined
        : new ConfigurationWatch({ file, interval, clock: systemClock, read, report })
    const configuration = await (watch?.read() ?? read())
    const context = new InitialContext(options)
    const binding = new ConfigurationBinding(context, options.verify)
    binding.bind(configuration)
    context.#watch = watch
    watch?.start((next, changed) => binding.update(next, changed, report))
    return context
  }

  /**
   * A context with the data sources of a configuration that the application has: an object, or a module whose default
   * export it is. As {@link InitialContext.fromFile}; a relative `{ file }` starts from the working directory.
   *
   * ```ts
   * const context = InitialContext.fromObject(await import('./wellhead.config.ts'))
   * ```
   *
   * @throws ConfigurationException for one that cannot be used, with the keys that lead to the fault.
   */
  static fromObject(
    configuration: WellheadConfiguration | { readonly default: WellheadConfiguration },
    options: ConfigurationOptions = {},
  ): InitialContext {
    const sources = { environment: process.env, folder: process.cwd() }
    const read = readConfiguration(readConfigurationObject(configuration), {
      rules,
      sources,
      profile: profileOf(options),
    })
    const context = new InitialContext(options)
    new ConfigurationBinding(context).bind(read)
    return context
  }

  /** A context within this one, for a test or a tenant. Whoever makes it closes it; at the latest this one does. */
  createScope(options?: NamingScopeOptions): NamingScope {
    return new NamingScope(this.#namespace, options)
  }

  /**
   * Closes what the context made, the latest first, one after the other; each data source waits for its connections
   * in use. Objects that the application bound stay open. The context refuses everything afterwards. Idempotent.
   *
   * @throws AggregateError of all failures; one stops nothing.
   */
  async close(): Promise<void> {
    const watch = this.#watch?.close()
    try {
      await this.#namespace.close()
    } finally {
      await watch
    }
  }

  /** {@link InitialContext.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function profileOf({ profile = process.env['WELLHEAD_PROFILE'] }: ConfigurationOptions): string | undefined {
  return profile
}

/** Undefined: the file is not watched. */
function intervalOf({ watch = false }: ConfigurationFileOptions): number | undefined {
  if (typeof watch === 'boolean') return watch ? 1_000 : undefined
  return durationOption('watch', watch)
}
