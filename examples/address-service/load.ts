import type { DataSource, SqlParameters } from 'wellhead'
import type { Address, BadRow } from './address.ts'

/** Rows in one transaction: few enough to show progress, many enough to be quick. */
const rowsPerBatch = 5_000

const insert =
  'INSERT INTO address (id, organisation, street, house_number, postcode, town) VALUES (?, ?, ?, ?, ?, ?)'

export interface Loaded {
  /** All that the source of the rows gave, good or bad. */
  readonly read: number
  readonly committed: number
  readonly bad: readonly BadRow[]
}

/**
 * Loads addresses, a batch in each transaction.
 *
 * @param onCommit Told how many rows the database has committed so far.
 */
export async function loadAddresses(
  dataSource: DataSource,
  rows: Iterable<Address | BadRow> | AsyncIterable<Address | BadRow>,
  onCommit: (committed: number) => void,
): Promise<Loaded> {
  const bad: BadRow[] = []
  let read = 0
  let committed = 0
  let batch: SqlParameters[] = []
  const commit = async (): Promise<void> => {
    const { updateCounts } = await dataSource.batch(insert, batch)
    committed += updateCounts.length
    batch = []
    onCommit(committed)
  }
  for await (const row of rows) {
    read++
    if ('fault' in row) bad.push(row)
    else
      batch.push([read - bad.length, row.organisation, row.street, row.houseNumber, row.postcode, row.town])
    if (batch.length === rowsPerBatch) await commit()
  }
  if (batch.length > 0) await commit()
  return { read, committed, bad }
}
