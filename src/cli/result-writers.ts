import type { ColumnMetadata } from '../api/result.ts'
import { replacer } from '../json.ts'
import { failureRecord, UsageError } from './failures.ts'
import type { Output } from './output.ts'
import { TableLayout } from './table.ts'
import { visible } from './text-width.ts'

/** How the result of a statement is written. */
export type ResultFormat = 'table' | 'csv' | 'json' | 'jsonl'

/** Writes one result while it comes, holding little of it. */
export interface ResultWriter {
  columns(columns: readonly ColumnMetadata[]): Promise<void>
  row(row: readonly unknown[]): Promise<void>
  end(): Promise<void>
  /** In place of all others, for a statement without rows. */
  updated(count: number): Promise<void>
  /** The statement failed, at its beginning or after some rows. True: this has told it. */
  failed(error: unknown): Promise<boolean>
}

export function resultWriter(format: ResultFormat, out: Output): ResultWriter {
  switch (format) {
    case 'csv':
      return new CsvWriter(out)
    case 'json':
      return new JsonWriter(out)
    case 'jsonl':
      return new JsonLinesWriter(out)
    default:
      return new TableWriter(out)
  }
}

/** The widths of a table are those of its first rows: the result may have no end. */
const sampleSize = 100

class TableWriter implements ResultWriter {
  readonly #out: Output
  #columns: readonly ColumnMetadata[] = []
  #sample: string[][] | undefined = []
  #layout: TableLayout | undefined
  #count = 0

  constructor(out: Output) {
    this.#out = out
  }

  async columns(columns: readonly ColumnMetadata[]): Promise<void> {
    this.#columns = columns
  }

  async row(row: readonly unknown[]): Promise<void> {
    this.#count++
    const cells = row.map((value) => visible(valueText(value, 'NULL')))
    if (this.#layout !== undefined) return this.#out.write(`${this.#layout.line(cells)}\n`)
    this.#sample!.push(cells)
    if (this.#sample!.length === sampleSize) await this.#begin()
  }

  async end(): Promise<void> {
    if (this.#layout === undefined) await this.#begin()
    await this.#out.write(`(${counted(this.#count, 'row')})\n`)
  }

  async updated(count: number): Promise<void> {
    await this.#out.write(`${counted(count, 'row')} changed\n`)
  }

  async failed(): Promise<boolean> {
    if (this.#count > 0 && this.#layout === undefined) await this.#begin()
    return false
  }

  async #begin(): Promise<void> {
    const columns = this.#columns.map(({ name, type }) => ({
      title: visible(name),
      align: numeric.has(type) ? ('right' as const) : ('left' as const),
    }))
    const layout = new TableLayout(columns, this.#sample!, this.#out.columns)
    this.#layout = layout
    const lines = [
      this.#out.styled('bold', layout.titles),
      layout.rule,
      ...this.#sample!.map((row) => layout.line(row)),
    ]
    this.#sample = undefined
    await this.#out.write(lines.map((line) => `${line}\n`).join(''))
  }
}

/** RFC 4180, with the line ends of the platform's own tools; NULL is nothing, an empty text is `""`. */
class CsvWriter implements ResultWriter {
  readonly #out: Output

  constructor(out: Output) {
    this.#out = out
  }

  columns(columns: readonly ColumnMetadata[]): Promise<void> {
    return this.row(columns.map(({ name }) => name))
  }

  async row(row: readonly unknown[]): Promise<void> {
    await this.#out.write(`${row.map(csvField).join(',')}\n`)
  }

  async end(): Promise<void> {}

  async updated(count: number): Promise<void> {
    await this.#out.write(`updateCount\n${count}\n`)
  }

  async failed(): Promise<boolean> {
    return false
  }
}

/** One document: `{ columns, rows, updateCount }`, and `error` behind the rows that came before it. */
class JsonWriter implements ResultWriter {
  readonly #out: Output
  #labels: readonly string[] | undefined
  #rows = 0

  constructor(out: Output) {
    this.#out = out
  }

  async columns(columns: readonly ColumnMetadata[]): Promise<void> {
    this.#labels = uniqueLabels(columns)
    await this.#out.write(`{"columns":${JSON.stringify(columns)},\n"rows":[`)
  }

  async row(row: readonly unknown[]): Promise<void> {
    await this.#out.write(`${this.#rows++ === 0 ? '' : ','}\n${jsonObject(this.#labels!, row)}`)
  }

  async end(): Promise<void> {
    await this.#out.write('\n],\n"updateCount":0}\n')
  }

  async updated(count: number): Promise<void> {
    await this.#out.write(`{"columns":[],\n"rows":[],\n"updateCount":${count}}\n`)
  }

  async failed(error: unknown): Promise<boolean> {
    if (this.#labels === undefined) return false
    await this.#out.write(`\n],\n"error":${JSON.stringify(failureRecord(error))}}\n`)
    return true
  }
}

/** A line for each row; an error is told as always, on the other stream. */
class JsonLinesWriter implements ResultWriter {
  readonly #out: Output
  #labels: readonly string[] = []

  constructor(out: Output) {
    this.#out = out
  }

  async columns(columns: readonly ColumnMetadata[]): Promise<void> {
    this.#labels = uniqueLabels(columns)
  }

  async row(row: readonly unknown[]): Promise<void> {
    await this.#out.write(`${jsonObject(this.#labels, row)}\n`)
  }

  async end(): Promise<void> {}

  async updated(count: number): Promise<void> {
    await this.#out.write(`{"updateCount":${count}}\n`)
  }

  async failed(): Promise<boolean> {
    return false
  }
}

const numeric = new Set<string>(['SMALLINT', 'INTEGER', 'BIGINT', 'REAL', 'DOUBLE', 'DECIMAL'])

/** A value of a column as people write it. */
function valueText(value: unknown, nothing: string): string {
  if (value === null || value === undefined) return nothing
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' ? json(value) : `${value as number | bigint | boolean}`
}

function csvField(value: unknown): string {
  const text = valueText(value, '')
  if (text === '') return typeof value === 'string' ? '""' : ''
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function jsonObject(labels: readonly string[], row: readonly unknown[]): string {
  return json(Object.fromEntries(labels.map((label, at) => [label, row[at]])))
}

/** An object has a label once. */
function uniqueLabels(columns: readonly ColumnMetadata[]): string[] {
  const labels = columns.map(({ name }) => name)
  const twice = labels.find((label, at) => labels.indexOf(label) !== at)
  if (twice === undefined) return labels
  throw new UsageError(`two columns are called '${twice}': give them aliases, or ask for --csv`)
}

function json(value: unknown): string {
  return JSON.stringify(value, replacer)
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
