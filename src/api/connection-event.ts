import type { SQLException } from './sql-exception.ts'

/** What a listener learns (`javax.sql.ConnectionEvent`). */
export interface ConnectionEvent<Source> {
  readonly source: Source
  /** Present for `connectionErrorOccurred`. */
  readonly error?: SQLException
}

/**
 * Told of logical connections (`javax.sql.ConnectionEventListener`). Called synchronously, on a copy of the list;
 * one that throws is reported and changes nothing; adding one twice counts once.
 */
export interface ConnectionEventListener<Source> {
  /** The application closed its connection: once for each, not when the pool took it away. */
  connectionClosed?(event: ConnectionEvent<Source>): void
  /** The physical connection is lost: once for each, before the application sees the error. */
  connectionErrorOccurred?(event: ConnectionEvent<Source> & { readonly error: SQLException }): void
}

/** A physical connection as an application sees it in an event: facts, and no way to touch it. */
export interface ConnectionSource {
  /** The driver's name for the session, as in the database's own list where it has one. */
  readonly id: string
  readonly dataSourceName: string
  /** Milliseconds since it was made. */
  readonly age: number
  /** How many times it was lent. */
  readonly uses: number
}
