import type { ColumnMetadata } from '../api/result.ts'
import { SQLDataException, SQLNonTransientException, type SQLException } from '../api/sql-exception.ts'
import type { SqlTypeName } from '../api/sql-types.ts'
import type { SessionSettings } from '../spi/driver.ts'
import type { RawRow } from './row-builder.ts'
import { toDate } from './temporal-values.ts'

/** What of the settings of a data source decides about values. */
export type ValueSettings = Pick<SessionSettings, 'integers' | 'types'>

/** The types of a statement's columns, by label, where it says them itself. */
export type TypeHints = Readonly<Record<string, SqlTypeName>>

type Convert = (value: unknown) => unknown
type ConvertRow = ((row: RawRow) => RawRow) | undefined

/** A driver that keeps a statement keeps its columns, and serves one data source. */
const known = new WeakMap<readonly ColumnMetadata[], { settings: ValueSettings; convert: ConvertRow }>()

/** The columns with the hinted types. */
export function hintedColumns(
  columns: readonly ColumnMetadata[],
  hints: TypeHints | undefined,
): readonly ColumnMetadata[] {
  if (hints === undefined) return columns
  for (const name of Object.keys(hints)) {
    if (!columns.some((column) => column.name === name)) {
      throw new SQLNonTransientException(`types names '${name}', and the result has no such column`, {
        sqlState: '42703',
        reason: 'parameter',
      })
    }
  }
  return columns.map((column) => ({ ...column, type: hintOf(column, hints) ?? column.type }))
}

/**
 * How the values of a row become what the application asked for; undefined when all of them stay: by the hint, else by
 * the settings of the source. What the driver gives is portable already.
 */
export function rowConversion(
  columns: readonly ColumnMetadata[],
  hints: TypeHints | undefined,
  settings: ValueSettings,
): ConvertRow {
  if (hints !== undefined) return conversionOf(columns, hints, settings)
  const found = known.get(columns)
  if (found?.settings === settings) return found.convert
  const convert = conversionOf(columns, undefined, settings)
  known.set(columns, { settings, convert })
  return convert
}

function conversionOf(
  columns: readonly ColumnMetadata[],
  hints: TypeHints | undefined,
  settings: ValueSettings,
): ConvertRow {
  const conversions: [position: number, convert: Convert][] = []
  for (const [position, column] of columns.entries()) {
    const convert = columnConversion(column, hintOf(column, hints), settings)
    if (convert !== undefined) conversions.push([position, convert])
  }
  if (conversions.length === 0) return undefined
  return (row) => {
    let converted: unknown[] | undefined
    for (const [position, convert] of conversions) {
      const value = convert(row[position])
      if (value === row[position]) continue
      converted ??= [...row]
      converted[position] = value
    }
    return converted ?? row
  }
}

function columnConversion(
  { name, type, databaseType }: ColumnMetadata,
  hint: SqlTypeName | undefined,
  { integers, types }: ValueSettings,
): Convert | undefined {
  if (types === 'date' && temporal.has(hint ?? type)) return (value) => toDate(value, name)
  if (hint !== undefined) return (value) => convertTo(hint, value, name)
  if (integers === 'safe' && type === 'BIGINT') return (value) => safeNumber(value, name)
  // The database leaves it open.
  return databaseType === '' ? (value) => safeInteger(value, name) : undefined
}

const temporal = new Set<SqlTypeName>(['DATE', 'TIMESTAMP', 'TIMESTAMP_WITH_TIMEZONE'])

function hintOf({ name }: ColumnMetadata, hints: TypeHints | undefined): SqlTypeName | undefined {
  return hints !== undefined && Object.hasOwn(hints, name) ? hints[name] : undefined
}

/** With `integers: 'safe'`. */
function safeNumber(value: unknown, name: string): unknown {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  throw outOfRange(
    `The integer in '${name}' is beyond 2^53, and integers is 'safe': ask with types: { ${name}: 'BIGINT' }`,
  )
}

function safeInteger(value: unknown, name: string): unknown {
  if (typeof value !== 'bigint') return value
  throw outOfRange(`The integer in '${name}' is beyond 2^53: ask for it with types: { ${name}: 'BIGINT' }`)
}

function convertTo(type: SqlTypeName, value: unknown, name: string): unknown {
  if (value === null) return null
  const kind = typeof value
  switch (type) {
    case 'BIGINT':
      if (kind === 'bigint') return value
      if (
        (kind === 'number' && Number.isInteger(value)) ||
        (kind === 'string' && /^[+-]?\d+$/.test(value as string))
      ) {
        return BigInt(value as number | string)
      }
      break
    case 'SMALLINT':
    case 'INTEGER': {
      const number = kind === 'string' && /^[+-]?\d+$/.test(value as string) ? Number(value) : value
      const integer = typeof number === 'bigint' ? Number(number) : number
      if (Number.isSafeInteger(integer)) return integer
      break
    }
    case 'REAL':
    case 'DOUBLE':
      if (kind === 'number') return value
      if (kind === 'bigint' || (kind === 'string' && value !== '' && !Number.isNaN(Number(value))))
        return Number(value)
      break
    case 'DECIMAL':
      if (kind === 'string') return value
      if (typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value)))
        return String(value)
      break
    case 'BOOLEAN':
      if (kind === 'boolean') return value
      if (value === 0 || value === 1 || value === 0n || value === 1n) return Number(value) === 1
      break
    default:
      return value
  }
  throw outOfRange(`A value in '${name}' is no ${type}, which types asks for`)
}

function outOfRange(message: string): SQLException {
  return new SQLDataException(message, { sqlState: '22003', reason: 'data' })
}
