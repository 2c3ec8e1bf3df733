import type { Session } from './session.ts'

/** Each slot is a parameter of its own, for which PostgreSQL finds the type that is wanted there. */
export function fillSlots(
  sql: string,
  valueOf: (name: string) => string | null,
): { readonly text: string; readonly values: (string | null)[] } {
  const values: (string | null)[] = []
  const text = sql.replaceAll(/\0([^\0]*)\0/g, (_, name: string) => `$${values.push(valueOf(name))}`)
  return { text, values }
}

/** What `@@NAME` and functions without arguments tell of a session; undefined for any other name. */
export function sessionValue(
  name: string,
  given: { readonly session: Session; readonly rowCount: number; readonly lastError: number },
): string | number | undefined {
  const { options, transactions, xactAbort } = given.session
  switch (name) {
    case '@@TRANCOUNT':
      return transactions.count
    case '@@SPID':
      return options.spid
    case '@@ROWCOUNT':
      return given.rowCount
    case '@@ERROR':
      return given.lastError
    case '@@VERSION':
      return 'A test double of SQL Server, on PostgreSQL'
    case '@@SERVERNAME':
      return options.server
    case '@@LOCK_TIMEOUT':
      return transactions.lockTimeout
    case '@@DATEFIRST':
      return 7
    case '@@MAX_PRECISION':
      return 38
    case '@@OPTIONS':
      return xactAbort ? 16_384 : 0
    case 'XACT_STATE':
      return transactions.count > 0 ? 1 : 0
    case 'LOGIN':
      return options.login
    case 'APP_NAME':
      return options.application
    default:
      return undefined
  }
}
