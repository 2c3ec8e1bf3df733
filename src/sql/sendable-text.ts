import { SQLSyntaxErrorException } from '../api/sql-exception.ts'

/** @throws SQLSyntaxErrorException 42601 for a text that would not arrive as it is: NUL ends it on the wire. */
export function checkText(sql: string): void {
  const fault = sql.includes('\0') ? 'a NUL' : sql.isWellFormed() ? undefined : 'half a surrogate pair'
  if (fault === undefined) return
  throw new SQLSyntaxErrorException(`The text holds ${fault}`, { sqlState: '42601', reason: 'syntax' })
}

/** Behind these a parenthesis is no call of a function, or of one that changes nothing. */
const innocent = new Set(
  'all and any as avg by case coalesce count else exists except from group having in intersect join lateral lower max min not on or over partition select some sum then union upper using values when where with'.split(
    ' ',
  ),
)

/** A function can do anything: only a SELECT that calls none has certainly changed nothing. */
export function callsFunctions(sql: string): boolean {
  for (const [, name] of sql.matchAll(
    /(?<![\w$\u0080-\uffff"])([a-z_\u0080-\uffff"][\w$\u0080-\uffff"]*)\s*\(/gi,
  )) {
    if (!innocent.has(name!.toLowerCase())) return true
  }
  return false
}
