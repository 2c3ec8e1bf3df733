import type { Backend } from './backend.ts'
import type { ByteReader } from './bytes.ts'
import { SqlError, unknown } from './errors.ts'
import { quoted } from './expressions.ts'
import { postgresType } from './postgres-types.ts'
import { isBinary, isText, readTypeInfo, type TdsType } from './types.ts'
import { readValue } from './values.ts'

interface BulkColumn {
  readonly name: string
  readonly type: TdsType
  readonly isFixed: boolean
}

/** Rows as a client loads them: [MS-TDS] 2.2.6.1. */
export interface BulkLoad {
  readonly columns: readonly BulkColumn[]
  readonly rows: readonly (readonly (string | null)[])[]
}

const token = { columns: 0x81, row: 0xd1, done: 0xfd }

export function readBulkLoad(reader: ByteReader): BulkLoad {
  if (reader.uint8() !== token.columns) throw malformed()
  const columns = Array.from({ length: reader.uint16() }, () => {
    reader.bytes(6) // user type and flags
    const info = readTypeInfo(reader)
    return { ...info, name: reader.shortText() }
  })
  const rows: (string | null)[][] = []
  for (let kind = reader.uint8(); kind !== token.done; kind = reader.uint8()) {
    if (kind !== token.row) throw malformed()
    rows.push(columns.map(({ type, isFixed }) => readValue(reader, type, isFixed)))
  }
  return { columns, rows }
}

const mostParameters = 60_000

/** By as many INSERTs as PostgreSQL's limit of parameters takes; outside of a transaction by one of their own. */
export async function insertRows(
  backend: Backend,
  table: string | undefined,
  { columns, rows }: BulkLoad,
  isAlone: boolean,
): Promise<void> {
  if (table === undefined)
    throw new SqlError(4002, 'The rows of a bulk load came without INSERT BULK before them.')
  const names = columns.map(({ name }) => quoted(name)).join(', ')
  const size = Math.max(Math.floor(mostParameters / columns.length), 1)
  if (isAlone) await backend.rows('BEGIN')
  try {
    for (let at = 0; at < rows.length; at += size) {
      const part = rows.slice(at, at + size)
      let place = 0
      const lines = part.map(() => `(${columns.map(({ type }) => parameter(type, ++place)).join(', ')})`)
      await backend.run(`INSERT INTO ${table} (${names}) VALUES ${lines.join(', ')}`, part.flat())
    }
    if (isAlone) await backend.rows('COMMIT')
  } catch (error) {
    if (isAlone) await backend.rows('ROLLBACK')
    throw error
  }
}

function parameter(type: TdsType, place: number): string {
  if (isText(type)) return `$${place}`
  return `CAST($${place} AS ${isBinary(type) ? 'bytea' : postgresType(type)})`
}

function malformed(): SqlError {
  return unknown('this token in a bulk load')
}
