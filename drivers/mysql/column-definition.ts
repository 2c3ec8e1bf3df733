/** A column of a result, as the server describes it (ColumnDefinition41). */
export interface ColumnDefinition {
  /** The label: the alias, else the column's name. */
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly charset: number
  /** What it is wide when printed: 1 for TINYINT(1). */
  readonly length: number
  /** Of MariaDB, for types that travel as texts: `uuid`, `inet6`. */
  readonly extendedType: string | undefined
  /** Of MariaDB: `json`. */
  readonly extendedFormat: string | undefined
}

export const fieldTypes = {
  decimal: 0,
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  null: 6,
  timestamp: 7,
  longlong: 8,
  int24: 9,
  date: 10,
  time: 11,
  dateTime: 12,
  year: 13,
  newDate: 14,
  varchar: 15,
  bit: 16,
  vector: 242,
  json: 245,
  newDecimal: 246,
  tinyBlob: 249,
  mediumBlob: 250,
  longBlob: 251,
  blob: 252,
  varString: 253,
  string: 254,
  geometry: 255,
} as const

export const fieldFlags = { unsigned: 32, enum: 256, set: 2048 } as const

const binaryCharset = 63

/** Bytes, and no text. */
export function isBinary({ charset }: ColumnDefinition): boolean {
  return charset === binaryCharset
}

/** What follows the names and is always there: its own length, and that. */
const fixedPart = 13

export function columnOf(bytes: Buffer): ColumnDefinition {
  let at = 0
  const next = (): Buffer => {
    const [length, start] = lengthAt(bytes, at)
    at = start + length
    return bytes.subarray(start, at)
  }
  // catalog, schema, table and its own name
  for (let skipped = 0; skipped < 4; skipped++) next()
  const name = next().toString('utf8')
  next() // the column's own name
  // MariaDB puts what it knows better in between, to clients that have asked.
  const extended = bytes.length - at > fixedPart ? extendedOf(next()) : []
  at++
  return {
    name,
    charset: bytes.readUInt16LE(at),
    length: bytes.readUInt32LE(at + 2),
    type: bytes[at + 6]!,
    flags: bytes.readUInt16LE(at + 7),
    extendedType: extended[0],
    extendedFormat: extended[1],
  }
}

function extendedOf(bytes: Buffer): (string | undefined)[] {
  const found: (string | undefined)[] = []
  for (let at = 0; at < bytes.length;) {
    const kind = bytes[at]!
    const [length, start] = lengthAt(bytes, at + 1)
    at = start + length
    found[kind] = bytes.toString('latin1', start, at)
  }
  return found
}

function lengthAt(bytes: Buffer, at: number): [length: number, start: number] {
  const first = bytes[at]!
  if (first < 251) return [first, at + 1]
  if (first === 0xfc) return [bytes.readUInt16LE(at + 1), at + 3]
  if (first === 0xfd) return [bytes.readUIntLE(at + 1, 3), at + 4]
  return [Number(bytes.readBigUInt64LE(at + 1)), at + 9]
}
