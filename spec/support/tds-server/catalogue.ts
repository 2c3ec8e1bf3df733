import type { FieldDef } from 'pg'
import type { Backend } from './backend.ts'
import { unknown } from './errors.ts'
import type { OutputColumn } from './queries.ts'
import type { TableColumn } from './statements.ts'
import { columnFlag, type TdsColumn } from './tokens.ts'
import { typeOfPostgres } from './postgres-types.ts'

/** How the columns of one database's tables were declared: PostgreSQL knows fewer types. */
export class Catalogue {
  readonly #tables = new Map<number, Map<number, TableColumn>>()

  /** After CREATE TABLE, or ALTER TABLE … ADD. */
  async remember(backend: Backend, table: string, columns: readonly TableColumn[]): Promise<void> {
    const attributes = await backend.rows(
      `SELECT attrelid, attnum, attname FROM pg_attribute
        WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
      [table],
    )
    for (const [id, number, name] of attributes) {
      const declared = columns.find((column) => column.name.toLowerCase() === name)
      if (!declared) continue
      const known = this.#tables.get(Number(id)) ?? new Map<number, TableColumn>()
      this.#tables.set(Number(id), known.set(Number(number), declared))
    }
  }

  /** The columns of a result; a scale that the first row has to tell is missing. */
  describe(fields: readonly FieldDef[], outputs: readonly OutputColumn[]): TdsColumn[] {
    const aligned = align(fields.length, outputs)
    return fields.map((field, at) => {
      const declared = this.#tables.get(field.tableID)?.get(field.columnID)
      const output = aligned[at]
      const known = output && !output.star ? output : undefined
      const type = declared?.type ?? known?.type ?? typeOfPostgres(field.dataTypeID, field.dataTypeModifier)
      if (!type) throw unknown(`a type of SQL Server for PostgreSQL's type ${field.dataTypeID}`)
      return {
        name: known?.label ?? declared?.name ?? field.name,
        type,
        flags:
          columnFlag.nullable |
          (declared?.isIdentity ? columnFlag.identity : 0) |
          (field.tableID === 0 ? columnFlag.computed : columnFlag.updatable),
      }
    })
  }
}

/** One star may stand for many columns; the others are counted from both ends. */
function align(count: number, outputs: readonly OutputColumn[]): (OutputColumn | undefined)[] {
  const first = outputs.findIndex(({ star }) => star)
  if (first === -1) return [...outputs]
  const last = outputs.findLastIndex(({ star }) => star)
  const behind = outputs.length - 1 - last
  return Array.from({ length: count }, (_, at) => {
    if (at < first) return outputs[at]
    return at >= count - behind ? outputs[outputs.length - (count - at)] : undefined
  })
}
