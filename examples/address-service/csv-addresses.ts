import { columns, type Address, type BadRow } from './address.ts'
import { readCsv, type CsvRecord } from './csv.ts'
import { InputError } from './input-error.ts'

/** The addresses of a file, and the lines that are none. Its first line names the columns. */
export async function* csvAddresses(path: string): AsyncGenerator<Address | BadRow> {
  let header = true
  for await (const record of readCsv(path)) {
    if (!header) yield understand(record)
    else if (!('fields' in record) || record.fields.join() !== columns.join()) {
      throw new InputError(`${path}: its first line has to be ${columns.join()}`)
    }
    header = false
  }
  if (header) throw new InputError(`${path} is empty; its first line has to be ${columns.join()}`)
}

function understand(record: CsvRecord): Address | BadRow {
  if ('fault' in record) return record
  const { line, fields } = record
  const [organisation, street, houseNumber, postcode, town] = fields.map((field) => field.trim())
  if (fields.length !== columns.length)
    return { line, fault: `${fields.length} fields, not ${columns.length}` }
  const empty = columns.find((_, at) => fields[at]?.trim() === '')
  if (empty !== undefined) return { line, fault: `${empty} is empty` }
  return {
    organisation: organisation!,
    street: street!,
    houseNumber: houseNumber!,
    postcode: postcode!,
    town: town!,
  }
}
