import { PooledDataSource, type InitialContext, type PoolStatistics } from 'wellhead'
import type { Gate } from './gate.ts'
import { countRows } from './schema.ts'

/** How the service came to its second database. */
export interface Move {
  readonly seconds: number
  /** Of the pool that was replaced, as soon as the name led to the other one. */
  readonly left: PoolStatistics
  /** Transfers that the copy already had. */
  readonly transfersMoved: number
}

/**
 * Copies the database into the file of `jdbc/address-next`, and leads `jdbc/address` there: whoever holds the data
 * source uses the copy from then on. Transfers wait that long, so that none is written into the old file after it was
 * copied. All other requests go on.
 *
 * @param file Where the copy goes; it must not be there.
 */
export async function moveToNext(context: InitialContext, gate: Gate, file: string): Promise<Move> {
  const begun = performance.now()
  const old = context.dataSource('jdbc/address').unwrap(PooledDataSource)
  return gate.closedWhile(async () => {
    await old.execute('VACUUM INTO ?', [file])
    // Settles when all that was lent has come back, and the old pool is closed.
    await context.rebind('jdbc/address', context.dataSource('jdbc/address-next'), { verify: true })
    return {
      seconds: (performance.now() - begun) / 1000,
      left: old.statistics(),
      transfersMoved: await countRows(context.dataSource('jdbc/address'), 'transfer'),
    }
  })
}
