import type { ColumnMetadata } from '../../src/api/result.ts'
import type { SqlTypeName, SqlValue } from '../../src/api/sql-types.ts'
import { parseArray } from './array-text.ts'
import type { FieldDescription, PgTypeParsers } from './pg-module.ts'
import { instantText, timestampText } from './temporal-text.ts'

/** Makes a value of the text of the server; undefined where the text is the value. */
type Decoder = ((text: string) => SqlValue) | undefined

/** The columns of a result: what they are, and how their values are read. Kept with the statement. */
export interface RowShape {
  readonly columns: readonly ColumnMetadata[]
  readonly decoders: readonly (((text: string) => unknown) | undefined)[]
  /** The positions that have one. */
  readonly decoded: readonly number[]
}

interface PgType {
  readonly name: string
  readonly type: SqlTypeName
  readonly decode?: Decoder
}

/** Of a statement that returns no rows. */
export const noRows: RowShape = Object.freeze({ columns: Object.freeze([]), decoders: [], decoded: [] })

/** @param native The parsers of `pg`, where values are wanted as it gives them. */
export function shapeOf(fields: readonly FieldDescription[], native?: PgTypeParsers): RowShape {
  const columns: ColumnMetadata[] = []
  const decoders: RowShape['decoders'][number][] = []
  const decoded: number[] = []
  for (const [at, { name, dataTypeID }] of fields.entries()) {
    const known = types.get(dataTypeID) ?? { name: `oid ${dataTypeID}`, type: 'OTHER' }
    columns.push(Object.freeze({ name, type: known.type, databaseType: known.name }))
    const decode = native === undefined ? known.decode : native.getTypeParser(dataTypeID, 'text')
    decoders.push(decode)
    if (decode !== undefined) decoded.push(at)
  }
  return { columns: Object.freeze(columns), decoders, decoded }
}

/** Makes values of a row of texts, in its place. */
export function decodeRow(row: unknown[], shape: RowShape): void {
  for (const at of shape.decoded) {
    const text = row[at]
    if (text !== null) row[at] = shape.decoders[at]!(text as string)
  }
}

const asNumber: Decoder = Number
const asBigInt: Decoder = BigInt
const asBoolean: Decoder = (text) => text === 't'

/** `\x0a0b`, or the old escape format of servers with `bytea_output = escape`. */
const asBytes: Decoder = (text) => {
  if (!text.startsWith('\\x')) return escapedBytes(text)
  // Not of the shared pool: whoever gets the value may look at its buffer.
  const bytes = Buffer.allocUnsafeSlow((text.length - 2) >>> 1)
  bytes.write(text.slice(2), 'hex')
  return new Uint8Array(bytes.buffer)
}

function escapedBytes(text: string): Uint8Array {
  const bytes: number[] = []
  for (const [part] of text.matchAll(/\\\\|\\[0-7]{3}|[\s\S]/g)) {
    if (part === '\\\\') bytes.push(92)
    else bytes.push(part.length === 4 ? Number.parseInt(part.slice(1), 8) : part.charCodeAt(0))
  }
  return Uint8Array.from(bytes)
}

const types = new Map<number, PgType>()

/** By the fixed OIDs of the catalogue (pg_type.dat): the type, and its array. */
const catalogue: readonly (readonly [oid: number, arrayOid: number, ...PgTypeRow])[] = [
  [16, 1000, 'bool', 'BOOLEAN', asBoolean],
  [17, 1001, 'bytea', 'VARBINARY', asBytes],
  [18, 1002, 'char', 'VARCHAR', undefined],
  [19, 1003, 'name', 'VARCHAR', undefined],
  [20, 1016, 'int8', 'BIGINT', asBigInt],
  [21, 1005, 'int2', 'SMALLINT', asNumber],
  [23, 1007, 'int4', 'INTEGER', asNumber],
  [25, 1009, 'text', 'VARCHAR', undefined],
  [26, 1028, 'oid', 'BIGINT', asBigInt],
  [114, 199, 'json', 'JSON', undefined],
  [142, 143, 'xml', 'OTHER', undefined],
  [600, 1017, 'point', 'OTHER', undefined],
  [650, 651, 'cidr', 'OTHER', undefined],
  [700, 1021, 'float4', 'REAL', asNumber],
  [701, 1022, 'float8', 'DOUBLE', asNumber],
  [705, 0, 'unknown', 'VARCHAR', undefined],
  [774, 775, 'macaddr8', 'OTHER', undefined],
  // Its text depends on lc_monetary of the server: cast it to numeric.
  [790, 791, 'money', 'OTHER', undefined],
  [829, 1040, 'macaddr', 'OTHER', undefined],
  [869, 1041, 'inet', 'OTHER', undefined],
  [1042, 1014, 'bpchar', 'VARCHAR', undefined],
  [1043, 1015, 'varchar', 'VARCHAR', undefined],
  [1082, 1182, 'date', 'DATE', undefined],
  [1083, 1183, 'time', 'TIME', undefined],
  [1114, 1115, 'timestamp', 'TIMESTAMP', timestampText],
  [1184, 1185, 'timestamptz', 'TIMESTAMP_WITH_TIMEZONE', instantText],
  [1186, 1187, 'interval', 'OTHER', undefined],
  [1266, 1270, 'timetz', 'OTHER', undefined],
  [1560, 1561, 'bit', 'OTHER', undefined],
  [1562, 1563, 'varbit', 'OTHER', undefined],
  [1700, 1231, 'numeric', 'DECIMAL', undefined],
  [2205, 2210, 'regclass', 'OTHER', undefined],
  [2206, 2211, 'regtype', 'OTHER', undefined],
  [2278, 0, 'void', 'OTHER', undefined],
  [2950, 2951, 'uuid', 'UUID', undefined],
  [3802, 3807, 'jsonb', 'JSON', undefined],
  [3904, 3905, 'int4range', 'OTHER', undefined],
  [3906, 3907, 'numrange', 'OTHER', undefined],
  [3908, 3909, 'tsrange', 'OTHER', undefined],
  [3910, 3911, 'tstzrange', 'OTHER', undefined],
  [3912, 3913, 'daterange', 'OTHER', undefined],
  [3926, 3927, 'int8range', 'OTHER', undefined],
  [3614, 3643, 'tsvector', 'OTHER', undefined],
  [3615, 3645, 'tsquery', 'OTHER', undefined],
  [4072, 4073, 'jsonpath', 'OTHER', undefined],
]

type PgTypeRow = [name: string, type: SqlTypeName, decode: Decoder]

for (const [oid, arrayOid, name, type, decode] of catalogue) {
  types.set(oid, { name, type, decode })
  if (arrayOid === 0) continue
  const element = decode ?? ((text: string) => text)
  types.set(arrayOid, { name: `${name}[]`, type: 'ARRAY', decode: (text) => parseArray(text, element) })
}
