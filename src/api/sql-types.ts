/** The names of `java.sql.Types` (JDBC 4.3, appendix B) that Wellhead maps. */
export type SqlTypeName =
  | 'BOOLEAN'
  | 'SMALLINT'
  | 'INTEGER'
  | 'BIGINT'
  | 'REAL'
  | 'DOUBLE'
  | 'DECIMAL'
  | 'VARCHAR'
  | 'VARBINARY'
  | 'DATE'
  | 'TIME'
  | 'TIMESTAMP'
  | 'TIMESTAMP_WITH_TIMEZONE'
  | 'UUID'
  | 'JSON'
  | 'ARRAY'
  | 'OTHER'

/**
 * A value as it comes from a database, the same for all drivers. The column decides, never the value:
 * BIGINT is a `bigint`, DECIMAL a string, BOOLEAN a boolean, dates and times are ISO strings, binary is a
 * `Uint8Array`, NULL is `null`.
 *
 * With the setting `types: 'date'` a DATE, TIMESTAMP or TIMESTAMP_WITH_TIMEZONE is a `Date` instead. With
 * `types: 'native'` values are what the package of the driver gives, which may be anything.
 */
export type SqlValue = string | number | bigint | boolean | null | Uint8Array | readonly SqlValue[]

/** A value that can be sent: also a `Date` (an instant, sent in UTC) and a value with a stated type. */
export type ParameterValue = SqlValue | Date | TypedParameter

/** The values for the `?` of a text, in order. `undefined` is refused: NULL is `null`. */
export type SqlParameters = readonly ParameterValue[]

/** A value with the SQL type that it is to be sent as. Made by {@link param} and {@link decimal}. */
export class TypedParameter {
  readonly value: SqlValue | Date
  readonly type: SqlTypeName

  constructor(value: SqlValue | Date, type: SqlTypeName) {
    this.value = value
    this.type = type
  }
}

/**
 * Sends a value as the type given, where the database would otherwise have to guess:
 * `param(null, 'VARBINARY')`, `param('2026-01-31', 'DATE')`.
 */
export function param(value: SqlValue | Date, type: SqlTypeName): TypedParameter {
  return new TypedParameter(value, type)
}

/**
 * An exact decimal number, written as text: `decimal('12.50')`. A JavaScript number is not accepted because it may
 * already have lost digits.
 *
 * @throws TypeError when the text is not a decimal number.
 */
export function decimal(text: string): TypedParameter {
  if (typeof text !== 'string' || !/^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(text)) {
    throw new TypeError(`decimal(${JSON.stringify(text)}): give a decimal number as text, such as '12.50'`)
  }
  return new TypedParameter(text, 'DECIMAL')
}
