import type { DataSourceHealth } from '../api/data-source-health.ts'
import type { DeadlineOptions } from '../api/executor.ts'
import { SQLException } from '../api/sql-exception.ts'
import { CallDeadline, untilDeadline } from '../session/call-deadline.ts'
import { toSQLException } from '../session/session-errors.ts'
import type { Clock } from '../spi/clock.ts'
import type { ConnectionSupplier } from './connection-supplier.ts'
import type { PooledDataSource } from './pooled-data-source.ts'

/** See `DataSource.health`. */
export async function askHealth(
  { name, settings }: PooledDataSource,
  supplier: ConnectionSupplier,
  clock: Clock,
  options: DeadlineOptions | undefined,
): Promise<DataSourceHealth> {
  const deadline = CallDeadline.from(clock, `health on ${name}`, options, settings.validationTimeout)
  try {
    const finding = await untilDeadline(supplier.checkHealth(deadline), deadline)
    if ('error' in finding) {
      // A login that the deadline ended, or the signal.
      if (deadline.error !== undefined) throw deadline.error
      return notOk(toSQLException(finding.error), clock.now() - finding.at)
    }
    const { answered, took } = finding
    const serverVersion = answered.server.productVersion
    return { ok: true, latency: took, serverVersion, lastError: undefined, age: 0 }
  } catch (error) {
    if (!(error instanceof SQLException) || error.reason !== 'timeout') throw error
    return notOk(error, 0)
  }
}

function notOk(lastError: SQLException, age: number): DataSourceHealth {
  return { ok: false, latency: undefined, serverVersion: undefined, lastError, age }
}
