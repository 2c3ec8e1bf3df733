import type { StatementOptions } from '../api/executor.ts'
import type { ColumnMetadata, Result } from '../api/result.ts'
import { SQLNonTransientException } from '../api/sql-exception.ts'
import type { RawResult } from '../spi/physical-connection.ts'
import { hintedColumns, rowConversion, type TypeHints, type ValueSettings } from './column-conversions.ts'
import { buildObjects, type RawRow } from './row-builder.ts'

/** How a statement wants its rows. */
export type RowOptions = Pick<StatementOptions, 'rowMode' | 'types'>

const noKeys: Result['generatedKeys'] = Object.freeze([])

/**
 * The result as an application sees it.
 *
 * @param keys The generated keys that it asked for.
 */
export function toResult<Row>(
  raw: RawResult,
  options: RowOptions | undefined,
  settings: ValueSettings,
  keys?: readonly string[],
): Result<Row> {
  if (keys !== undefined) return toKeyResult(raw, keys, options?.types, settings)
  const columns = hintedColumns(raw.columns, options?.types)
  return {
    rows: toRows<Row>(raw.rows, raw.columns, options, settings),
    columns,
    updateCount: raw.updateCount,
    generatedKeys: noKeys,
    warnings: raw.warnings ?? [],
  }
}

/** The keys come as rows, or beside them. They are called what they were asked for as. */
function toKeyResult<Row>(
  raw: RawResult,
  names: readonly string[],
  types: TypeHints | undefined,
  settings: ValueSettings,
): Result<Row> {
  const keys = raw.generatedKeys ?? raw
  if (keys.columns.length !== names.length) {
    throw new SQLNonTransientException(
      `The driver gave ${keys.columns.length} column(s) of generated keys; ${names.length} were asked for`,
      { sqlState: 'HY000', reason: 'protocol' },
    )
  }
  const isCalledSo = keys.columns.every((column, at) => column.name === names[at])
  const columns = isCalledSo
    ? keys.columns
    : keys.columns.map((column, at) => ({ ...column, name: names[at]! }))
  hintedColumns(columns, types)
  return {
    rows: [],
    columns: [],
    updateCount: raw.updateCount,
    generatedKeys: toRows(keys.rows, columns, { types }, settings),
    warnings: raw.warnings ?? [],
  }
}

/** Rows as objects or arrays, their values as the hints and the settings say. */
export function toRows<Row>(
  rows: readonly RawRow[],
  columns: readonly ColumnMetadata[],
  options: RowOptions | undefined,
  settings: ValueSettings,
): Row[] {
  if (rows.length === 0 && columns.length === 0) return []
  const convert = rowConversion(columns, options?.types, settings)
  const converted = convert === undefined ? rows : rows.map(convert)
  const built = options?.rowMode === 'array' ? [...converted] : buildObjects(converted, columns)
  return built as Row[]
}
