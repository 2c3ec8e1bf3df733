import {
  SQLDataException,
  SQLFeatureNotSupportedException,
  type SQLException,
} from '../../src/api/sql-exception.ts'
import { metadataOf } from './column-types.ts'
import { encodeAs, exactDigits, textOf } from './parameters.ts'
import type { TediousColumn } from './tedious-module.ts'
import { binaryValue, decimalOfType, textValue, type WireValue } from './wire-types.ts'

/** A column that rows are loaded into: one type for all of its values. */
export interface LoadedColumn {
  readonly name: string
  /** What INSERT BULK says of it. */
  readonly declaration: string
  readonly type: Buffer
  /**
   * @param place Of the value in its row, from 0, for messages.
   * @throws SQLDataException for one that the column does not hold.
   */
  encode(value: unknown, place: number): Buffer
}

/** @throws SQLFeatureNotSupportedException 0A000 for a type that is not loaded. */
export function loadedColumn(column: TediousColumn, collation: Buffer): LoadedColumn {
  const { type, databaseType } = metadataOf(column)
  switch (type) {
    case 'VARCHAR':
      return columnOf(column, (value, place) =>
        textValue(value === null ? null : textOf(value, 'VARCHAR', place), collation, true),
      )
    case 'VARBINARY':
      return columnOf(column, (value, place) => {
        encodeAs(value, 'VARBINARY', place, collation)
        return binaryValue(value as Uint8Array | null, true)
      })
    case 'DECIMAL':
      return columnOf(column, decimalsOf(column))
    case 'OTHER':
    case 'JSON':
    case 'ARRAY':
      throw new SQLFeatureNotSupportedException(
        `Column '${column.colName}' is of the type ${databaseType}, which is not loaded`,
        { sqlState: '0A000', reason: 'feature' },
      )
    default:
      return columnOf(column, (value, place) => encodeAs(value, type, place, collation))
  }
}

function columnOf(column: TediousColumn, encode: (value: unknown, place: number) => WireValue): LoadedColumn {
  const { declaration, type } = encode(null, 0)
  return {
    name: column.colName,
    declaration,
    type,
    encode(value, place) {
      const sent = encode(value, place)
      // A whole number that is too large, a text that is no date: as a parameter the server would judge it.
      if (!sent.type.equals(type))
        throw doesNotFit(column, place, typeof value === 'string' ? '22018' : '22003')
      return sent.value
    },
  }
}

function decimalsOf(column: TediousColumn): (value: unknown, place: number) => WireValue {
  // MONEY has no precision of its own.
  const { precision = 19, scale = 4 } = column
  return (value, place) => {
    if (value === null) return decimalOfType(null, false, precision, scale)
    const { magnitude, isNegative, places } = exactDigits(value, place)
    const behind = 10n ** BigInt(Math.abs(scale - places))
    if (places > scale && magnitude % behind !== 0n) throw doesNotFit(column, place)
    const units = places > scale ? magnitude / behind : magnitude * behind
    if (units.toString().length > precision) throw doesNotFit(column, place)
    return decimalOfType(units, isNegative, precision, scale)
  }
}

function doesNotFit({ colName, type }: TediousColumn, place: number, sqlState = '22003'): SQLException {
  return new SQLDataException(`Value ${place + 1} does not fit into column '${colName}' (${type.name})`, {
    sqlState,
    reason: 'data',
  })
}
