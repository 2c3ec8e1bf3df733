import { SQLFeatureNotSupportedException } from '../../src/api/sql-exception.ts'
import type { ColumnMetadata } from '../../src/api/result.ts'
import type { RawResult } from '../../src/spi/physical-connection.ts'

/**
 * MySQL tells the number that AUTO_INCREMENT gave to the first row, and nothing else. Those of the others are known where
 * it gives them in a row: to an INSERT that says its rows itself, and leaves the column out
 * (https://dev.mysql.com/doc/refman/8.4/en/innodb-auto-increment-handling.html).
 *
 * @throws SQLFeatureNotSupportedException 0A000 for more than one column, and for another INSERT.
 */
export function checkKeys(sql: string, columns: readonly string[]): void {
  const [column = '', ...others] = columns
  const [, target = '', rows = ''] = /^([\s\S]*?)\bVALUES?\b([\s\S]*)$/i.exec(sql) ?? []
  const saysItself = target !== '' && !/\b(?:SELECT|TABLE|IGNORE|DUPLICATE)\b/i.test(sql)
  const isGiven = target.toLowerCase().includes(column.toLowerCase()) && /\)\s*,\s*\(/.test(rows)
  if (others.length === 0 && saysItself && !isGiven) return
  throw new SQLFeatureNotSupportedException(
    'MySQL tells one generated key, that of the AUTO_INCREMENT column, for INSERT … VALUES: ask for it alone, and for the rest by a SELECT',
    { sqlState: '0A000', reason: 'feature' },
  )
}

/** The keys of the rows of one INSERT, counted on from the first. */
export function generatedKeysOf(
  column: string,
  first: bigint,
  count: number,
  step: bigint,
): NonNullable<RawResult['generatedKeys']> {
  const columns: ColumnMetadata[] = [{ name: column, type: 'BIGINT', databaseType: 'bigint' }]
  const length = first === 0n ? 0 : count
  return { columns, rows: Array.from({ length }, (_, at) => [first + BigInt(at) * step]) }
}
