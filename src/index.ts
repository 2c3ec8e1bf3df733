/** What an application imports. */
export {
  createDataSource,
  InitialContext,
  registerDriver,
  type ConfigurationFileOptions,
  type ConfigurationOptions,
  type DataSourceOptions,
  type InitialContextOptions,
} from './drivers.ts'

export type * from './api/connection-event.ts'
export type * from './api/connection.ts'
export * from './api/data-source.ts'
export type * from './api/data-source-health.ts'
export type { Duration } from './api/duration.ts'
export type * from './api/exception-override.ts'
export type * from './api/executor.ts'
export type * from './api/result.ts'
export * from './api/sql-exception.ts'
export * from './api/sql-template.ts'
export * from './api/sql-types.ts'
export type { ClassToken, InterfaceToken, Wrapper } from './api/wrapper.ts'

export type * from './naming/bind-options.ts'
export { CompositeName, type Name } from './naming/composite-name.ts'
export type {
  ConfigurationProfile,
  ConfiguredDataSource,
  ConfiguredSettings,
  ValueFromOutside,
  WellheadConfiguration,
} from './naming/configuration-object.ts'
export {
  ContextStartError,
  type ContextHealth,
  type ContextStartFailure,
} from './naming/context-lifecycle.ts'
export {
  NamingContext,
  type NameClassPair,
  type NamingBinding,
  type NamingOverride,
} from './naming/naming-context.ts'
export type {
  NamingEvent,
  NamingEventBinding,
  NamingEventScope,
  NamingListener,
} from './naming/naming-events.ts'
export * from './naming/naming-exception.ts'
export { NamingScope, type NamingScopeOptions } from './naming/naming-scope.ts'
export * from './naming/reference.ts'

export * from './pool/errors.ts'
export type { EvictMode } from './pool/administration.ts'
export type { PoolBorrower } from './pool/borrowers.ts'
export type { PoolHistogram } from './pool/histogram.ts'
export type { PoolEventListener, PoolEventName, PoolEvents, PoolMember } from './pool/events.ts'
export * from './pool/resource-pool.ts'
export type { PoolLimits, PoolSettings } from './pool/settings.ts'
export type { CloseReason } from './pool/slot.ts'
export type { CreateReason, PoolCounters, PoolStatistics, PoolTimes } from './pool/statistics.ts'

export type { CountOrUnlimited, DataSourceSettings, DurationOrOff } from './source/data-source-settings.ts'
export * from './source/pooled-data-source.ts'

export { InvalidSettingError } from './spi/settings.ts'
export type { NativeSQL } from './sql/compiled-statement.ts'
export type { DialectName } from './sql/dialect.ts'
export { nativeSQL, type NativeSQLOptions } from './sql/native-sql.ts'
