/** What the author of a driver needs: the interfaces of this room, and the session room's base classes. */
export type * from './spi/clock.ts'
export type * from './spi/deadline.ts'
export type * from './spi/driver.ts'
export type * from './spi/physical-connection.ts'
export type * from './spi/pooled-connection.ts'
export * from './spi/settings.ts'
export type * from './sql/compiled-statement.ts'
export type * from './sql/dialect.ts'
