import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** One line of a file: its fields, or why they cannot be told apart. */
export type CsvRecord =
  | { readonly line: number; readonly fields: readonly string[] }
  | { readonly line: number; readonly fault: string }

/**
 * Reads a file as RFC 4180 says: commas, double quotes around a field, a quote within written twice. Stricter in one
 * point: a record is one line, so that a quote that is never closed costs its own line and not the rest of the file.
 */
export async function* readCsv(path: string): AsyncGenerator<CsvRecord> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity })
  let line = 0
  for await (const read of lines) {
    line++
    // The byte order mark that spreadsheets write.
    const text = line === 1 ? read.replace(/^\uFEFF/, '') : read
    if (text === '') continue
    const fields = split(text)
    yield typeof fields === 'string' ? { line, fault: fields } : { line, fields }
  }
}

/** The fields, or what is wrong. */
function split(text: string): string[] | string {
  const fields: string[] = []
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y
  for (let end = ','; end === ',';) {
    const start = field.lastIndex
    const match = field.exec(text)
    if (match === null) {
      return text[start] === '"'
        ? 'a quote is not closed, or text follows it'
        : 'a quote stands within a field'
    }
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    end = match[3] ?? ''
  }
  return fields
}
