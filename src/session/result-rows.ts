import { SQLDataException, SQLNonTransientException, type SQLException } from '../api/sql-exception.ts'
import type { StatementOptions } from '../api/executor.ts'
import type { ColumnMetadata, Result } from '../api/result.ts'
import type { SqlTypeName } from '../api/sql-types.ts'
import type { SessionSettings } from '../spi/driver.ts'
import type { RawResult } from '../spi/physical-connection.ts'

type RawRow = readonly unknown[]
type RowBuilder = (row: RawRow) => unknown

/** A driver that keeps a statement keeps its columns: the builder is found by their identity. */
const objectBuilders = new WeakMap<readonly ColumnMetadata[], RowBuilder>()

/** How rows are wanted. */
export interface RowOptions extends Pick<StatementOptions, 'rowMode' | 'types'> {
  readonly integers: SessionSettings['integers']
}

/** The result as an application sees it. */
export function toResult<Row>(raw: RawResult, options: RowOptions): Result<Row> {
  const columns = hintedColumns(raw.columns, options)
  return {
    rows: toRows<Row>(raw.rows, raw.columns, options),
    columns,
    updateCount: raw.updateCount,
    warnings: raw.warnings ?? [],
  }
}

/** Rows as objects or arrays, with the hinted types. */
export function toRows<Row>(
  rows: readonly RawRow[],
  columns: readonly ColumnMetadata[],
  options: RowOptions,
): Row[] {
  if (rows.length === 0 && columns.length === 0) return []
  const convert = converter(columns, options)
  const build: RowBuilder = options.rowMode === 'array' ? (row) => row : objectBuilder(columns)
  if (convert === undefined) return rows.map(build) as Row[]
  return rows.map((row) => build(convert(row))) as Row[]
}

function objectBuilder(columns: readonly ColumnMetadata[]): RowBuilder {
  const known = objectBuilders.get(columns)
  if (known !== undefined) return known
  const names = columns.map((column) => column.name)
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) {
      throw new SQLNonTransientException(
        `Two columns are called '${name}': give them aliases, or ask for arrays with rowMode: 'array'`,
        { sqlState: '42702', reason: 'statement-invalid' },
      )
    }
    seen.add(name)
  }
  const build: RowBuilder = (row) => {
    const object: Record<string, unknown> = {}
    for (let index = 0; index < names.length; index++) object[names[index]!] = row[index]
    return object
  }
  // Assigning to this name would set the prototype, and lose the column.
  const builder = seen.has('__proto__') ? withOwnProto(build, names.indexOf('__proto__')) : build
  objectBuilders.set(columns, builder)
  return builder
}

function withOwnProto(build: RowBuilder, position: number): RowBuilder {
  return (row) =>
    Object.defineProperty(build(row.with(position, null)) as object, '__proto__', {
      value: row[position],
      configurable: true,
      enumerable: true,
      writable: true,
    })
}

function hintedColumns(columns: readonly ColumnMetadata[], { types }: RowOptions): readonly ColumnMetadata[] {
  if (types === undefined) return columns
  for (const name of Object.keys(types)) {
    if (!columns.some((column) => column.name === name)) {
      throw new SQLNonTransientException(`types names '${name}', and the result has no such column`, {
        sqlState: '42703',
        reason: 'parameter',
      })
    }
  }
  return columns.map((column) => ({ ...column, type: types[column.name] ?? column.type }))
}

/**
 * Converts the columns that the database leaves open: by the hint, else integers that JavaScript's numbers cannot
 * hold are refused. Columns with a declared type come from the driver as they are to be.
 */
function converter(
  columns: readonly ColumnMetadata[],
  { types, integers }: RowOptions,
): ((row: RawRow) => RawRow) | undefined {
  const conversions: [position: number, convert: (value: unknown) => unknown][] = []
  columns.forEach((column, position) => {
    const hint = types !== undefined && Object.hasOwn(types, column.name) ? types[column.name] : undefined
    if (hint !== undefined) conversions.push([position, (value) => convertTo(hint, value, column.name)])
    else if (integers === 'safe' && column.type === 'BIGINT') {
      conversions.push([position, (value) => safeNumber(value, column.name)])
    } else if (column.databaseType === '')
      conversions.push([position, (value) => safeInteger(value, column.name)])
  })
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
