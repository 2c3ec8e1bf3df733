import { isMax, type TdsType } from './types.ts'

/** How PostgreSQL stores and computes it. */
export function postgresType(type: TdsType): string {
  const { name, length = 1, precision = 18, scale } = type
  switch (name) {
    case 'bit':
      return 'tds.bit'
    case 'tinyint':
      return 'tds.tinyint'
    case 'smallint':
    case 'bigint':
    case 'real':
    case 'date':
      return name
    case 'int':
      return 'integer'
    case 'float':
      return 'double precision'
    case 'decimal':
    case 'numeric':
      return `numeric(${precision}, ${scale ?? 0})`
    case 'money':
      return 'numeric(19, 4)'
    case 'smallmoney':
      return 'numeric(10, 4)'
    case 'char':
    case 'nchar':
      return `char(${length})`
    case 'varchar':
    case 'nvarchar':
      return isMax(type) ? 'text' : `varchar(${length})`
    case 'binary':
    case 'varbinary':
      return 'bytea'
    case 'time':
      return `time(${Math.min(scale ?? 7, 6)})`
    case 'datetime2':
      return `timestamp(${Math.min(scale ?? 7, 6)})`
    case 'datetime':
      return 'timestamp(3)'
    case 'smalldatetime':
      return 'timestamp(0)'
    case 'datetimeoffset':
      return `timestamptz(${Math.min(scale ?? 7, 6)})`
    case 'uniqueidentifier':
      return 'uuid'
  }
}

/** What a result's column is where nobody said more than PostgreSQL's own type. */
export function typeOfPostgres(oid: number, modifier: number): TdsType | undefined {
  switch (oid) {
    case 16:
      return { name: 'bit' }
    case 20:
      return { name: 'bigint' }
    case 21:
      return { name: 'smallint' }
    case 23:
    case 26:
      return { name: 'int' }
    case 700:
      return { name: 'real' }
    case 701:
      return { name: 'float' }
    case 1700:
      // The scale of a computed number is that of its first value.
      if (modifier < 4) return { name: 'numeric', precision: 38 }
      return { name: 'numeric', precision: ((modifier - 4) >> 16) & 0xffff, scale: (modifier - 4) & 0x7ff }
    case 19:
    case 25:
    case 705:
      return { name: 'nvarchar', length: Infinity }
    case 1042:
      return modifier < 4 ? { name: 'nvarchar', length: 4_000 } : { name: 'char', length: modifier - 4 }
    case 1043:
      return modifier < 4 ? { name: 'nvarchar', length: 4_000 } : { name: 'varchar', length: modifier - 4 }
    case 17:
      return { name: 'varbinary', length: Infinity }
    case 1082:
      return { name: 'date' }
    case 1083:
      return { name: 'time', scale: 7 }
    case 1114:
      return { name: 'datetime2', scale: 7 }
    case 1184:
      return { name: 'datetimeoffset', scale: 7 }
    case 2950:
      return { name: 'uniqueidentifier' }
    default:
      return undefined
  }
}
