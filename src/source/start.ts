import { SQLException } from '../api/sql-exception.ts'
import { CallDeadline, untilDeadline } from '../session/call-deadline.ts'
import type { Clock } from '../spi/clock.ts'
import type { ConnectionSupplier } from './connection-supplier.ts'
import type { DataSourceStartOptions, PooledDataSource } from './pooled-data-source.ts'

/** See `PooledDataSource.start`. */
export async function startWith(
  { name, settings }: PooledDataSource,
  supplier: ConnectionSupplier,
  clock: Clock,
  options: DataSourceStartOptions = {},
): Promise<void> {
  const deadline = CallDeadline.from(clock, `start of ${name}`, options, settings.connectionTimeout)
  try {
    await untilDeadline(supplier.start(deadline), deadline)
  } catch (error) {
    const wasEnded =
      options.signal?.aborted === true || (error instanceof SQLException && error.reason === 'closed')
    if (options.failFast !== false || wasEnded) throw error
  }
}
