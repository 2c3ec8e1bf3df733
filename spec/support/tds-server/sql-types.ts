import { SqlError, unknown } from './errors.ts'
import type { TokenStream } from './token-stream.ts'
import type { TdsType, TypeName } from './types.ts'

const names: Readonly<Record<string, TypeName>> = {
  BIT: 'bit',
  TINYINT: 'tinyint',
  SMALLINT: 'smallint',
  INT: 'int',
  INTEGER: 'int',
  BIGINT: 'bigint',
  REAL: 'real',
  FLOAT: 'float',
  DECIMAL: 'decimal',
  DEC: 'decimal',
  NUMERIC: 'numeric',
  MONEY: 'money',
  SMALLMONEY: 'smallmoney',
  CHAR: 'char',
  CHARACTER: 'char',
  VARCHAR: 'varchar',
  NCHAR: 'nchar',
  NVARCHAR: 'nvarchar',
  BINARY: 'binary',
  VARBINARY: 'varbinary',
  DATE: 'date',
  TIME: 'time',
  DATETIME: 'datetime',
  SMALLDATETIME: 'smalldatetime',
  DATETIME2: 'datetime2',
  DATETIMEOFFSET: 'datetimeoffset',
  UNIQUEIDENTIFIER: 'uniqueidentifier',
}

/** Types that are spoken as others. */
const spokenAs: Readonly<Record<string, TdsType>> = {
  TEXT: { name: 'varchar', length: Infinity },
  NTEXT: { name: 'nvarchar', length: Infinity },
  XML: { name: 'nvarchar', length: Infinity },
  SYSNAME: { name: 'nvarchar', length: 128 },
  IMAGE: { name: 'varbinary', length: Infinity },
}

/** @param inCast Texts without a length have 30 characters there, and one elsewhere. */
export function readType(tokens: TokenStream, inCast = false): TdsType {
  const { word, text, kind, line } = tokens.token
  const key = kind === 'name' ? text.toUpperCase() : word
  tokens.next()
  if (key === 'DOUBLE' && tokens.take('PRECISION')) return { name: 'float' }
  const alias = spokenAs[key]
  if (alias) return alias
  const name = names[key]
  if (name === undefined) throw unknown(`the type ${text}`, line)
  const [first, second] = tokens.is('(') ? tokens.enclosed(() => tokens.list(() => size(tokens))) : []
  return sizedType(name, first, second, inCast)
}

function size(tokens: TokenStream): number {
  return tokens.take('MAX') ? Infinity : tokens.integer()
}

function sizedType(
  name: TypeName,
  first: number | undefined,
  second: number | undefined,
  inCast: boolean,
): TdsType {
  switch (name) {
    case 'decimal':
    case 'numeric': {
      const [precision, scale] = [first ?? 18, second ?? 0]
      if (precision > 38)
        throw new SqlError(
          1007,
          `The number '${precision}' is out of the range for numeric representation (maximum precision 38).`,
          { severity: 15, scope: 'batch' },
        )
      if (scale > precision)
        throw new SqlError(
          183,
          `The scale (${scale}) for column must be within the range 0 to ${precision}.`,
          { severity: 15, scope: 'batch' },
        )
      return { name, precision, scale }
    }
    case 'float':
      return { name: first !== undefined && first <= 24 ? 'real' : 'float' }
    case 'time':
    case 'datetime2':
    case 'datetimeoffset':
      return { name, scale: first ?? 7 }
    case 'char':
    case 'varchar':
    case 'nchar':
    case 'nvarchar':
    case 'binary':
    case 'varbinary': {
      const length = first ?? (inCast ? 30 : 1)
      const most = name.startsWith('n') ? 4_000 : 8_000
      if (length !== Infinity && length > most) {
        throw new SqlError(
          131,
          `The size (${length}) given to the type '${name}' exceeds the maximum allowed for any data type (${most}).`,
          { severity: 15, state: 2, scope: 'batch' },
        )
      }
      return { name, length }
    }
    default:
      if (first !== undefined) throw new SqlError(2716, `Cannot specify a column width on data type ${name}.`)
      return { name }
  }
}
