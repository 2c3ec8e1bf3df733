import type { FieldDef } from 'pg'
import type { Backend, RowSink, TextRow } from './backend.ts'
import type { Catalogue } from './catalogue.ts'
import type { Output } from './output.ts'
import type { QueryStatement } from './statements.ts'
import { writeColumns, writeOrder, writeRow, type TdsColumn } from './tokens.ts'
import { isDecimal } from './types.ts'

/** Writes the rows of one statement as they come, and no faster than the client reads. */
export class ResultWriter implements RowSink {
  readonly #statement: QueryStatement
  readonly #catalogue: Catalogue
  readonly #output: Output
  readonly #backend: Backend
  readonly #isCancelled: () => boolean
  #fields: readonly FieldDef[] = []
  #columns: readonly TdsColumn[] | undefined
  #isPaused = false
  #error: unknown
  count = 0

  constructor(
    statement: QueryStatement,
    given: {
      readonly catalogue: Catalogue
      readonly output: Output
      readonly backend: Backend
      readonly isCancelled: () => boolean
    },
  ) {
    this.#statement = statement
    this.#catalogue = given.catalogue
    this.#output = given.output
    this.#backend = given.backend
    this.#isCancelled = given.isCancelled
  }

  fields(fields: readonly FieldDef[]): void {
    this.#fields = fields
  }

  row(row: TextRow): void {
    if (this.#error !== undefined || this.#isCancelled()) return
    try {
      const columns = (this.#columns ??= this.#begin(row))
      this.#output.write((writer) => writeRow(writer, columns, row))
      this.count++
    } catch (error) {
      this.#error = error
    }
    if (this.#output.needsDrain && !this.#isPaused) this.#wait()
  }

  /** After the last row: without one the columns are still told. Rejects where a value could not be written. */
  end(): void {
    if (this.#error !== undefined) throw this.#error
    this.#columns ??= this.#begin(undefined)
  }

  #begin(first: TextRow | undefined): TdsColumn[] {
    const described = this.#catalogue.describe(this.#fields, this.#statement.columns!)
    const columns = described.map((column, at) => ({ ...column, type: withScale(column, first?.[at]) }))
    this.#output.write((writer) => {
      writeColumns(writer, columns)
      if (this.#statement.order.length > 0) writeOrder(writer, this.#statement.order)
    })
    return columns
  }

  #wait(): void {
    this.#isPaused = true
    this.#backend.pause()
    const go = (): void => {
      this.#isPaused = false
      this.#backend.resume()
    }
    this.#output.drained().then(go, go)
  }
}

function withScale({ type }: TdsColumn, value: string | null | undefined): TdsColumn['type'] {
  if (!isDecimal(type) || type.scale !== undefined) return type
  return { ...type, scale: value?.split('.')[1]?.length ?? 0 }
}
