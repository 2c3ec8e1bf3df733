import { SQLNonTransientConnectionException } from '../../src/api/sql-exception.ts'

/** Node 22.16 brought `columns()`, `isTransaction` and `timeout` to `node:sqlite`. */
const required: readonly [major: number, minor: number] = [22, 16]

/** @throws SQLNonTransientConnectionException 08001 when this Node has no usable `node:sqlite`. */
export function requireNode(version = process.versions.node): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > required[0] || (major === required[0] && minor >= required[1])) return
  throw new SQLNonTransientConnectionException(
    `The driver 'sqlite' needs Node ${required.join('.')} or newer; this is Node ${version}`,
    { sqlState: '08001', reason: 'connect-failed' },
  )
}
