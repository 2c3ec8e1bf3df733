import { SQLException, SQLWarning } from '../../src/api/sql-exception.ts'
import { meaningOf } from '../../src/sql/sqlstates.ts'
import { classify, type MySqlErrorContext } from './errors.ts'

/** The exception for an error of the server, of the socket or of a decoder, and what it did to the transaction. */
export function toException(error: unknown, context: MySqlErrorContext): SQLException {
  if (error instanceof SQLException) return error
  const { class: errorClass, ...details } = classify(error, context)
  const message = error instanceof Error ? error.message : String(error)
  const text =
    details.fatal && details.reason === 'connection-lost'
      ? `The connection to MySQL was lost: ${message}`
      : withoutValues(message)
  return new errorClass(text, { ...details, cause: error })
}

/** A line of SHOW WARNINGS. */
export function toWarning([level, code, message]: readonly unknown[]): SQLWarning {
  const truncated = code === 1265
  return new SQLWarning(withoutValues(String(message)), {
    sqlState: truncated ? '01004' : '01000',
    errorCode: Number(code),
    reason: meaningOf('01000').reason,
    cause: { level, code, message },
  })
}

/** Messages quote values: 1062, 1292, 1366, 1411, 1526, 1690 and others. They stay with the cause. */
function withoutValues(message: string): string {
  return message
    .replace(/(\bentry )'[\s\S]*' for key/, "$1'…' for key")
    .replace(/(\b(?:value|string|text):? )'[\s\S]*'(?= for (?:column|function|key)| at row|$)/i, "$1'…'")
    .replace(/(partition for value )[\s\S]*$/, '$1…')
    .replace(/(value is out of range in )'[\s\S]*'$/, "$1'…'")
}
