import { SQLDataException, SQLException, SQLNonTransientException } from '../api/sql-exception.ts'
import { SqlFragment } from '../api/sql-template.ts'
import { TypedParameter, type ParameterValue, type SqlParameters } from '../api/sql-types.ts'
import type { BoundParameters } from '../spi/physical-connection.ts'
import type { CompiledStatement } from '../sql/compiled-statement.ts'
import type { Dialect } from '../sql/dialect.ts'

const none: BoundParameters = Object.freeze([])

/** The text and the parameters of a call, which come apart or together in a template. */
export function textAndParameters(
  sql: string | SqlFragment,
  parameters: SqlParameters | undefined,
  dialect: Dialect,
): [text: string, parameters: SqlParameters | undefined] {
  if (!(sql instanceof SqlFragment)) return [sql, parameters]
  if (parameters !== undefined && parameters.length > 0) {
    throw wrong('A template carries its own parameters: give no others beside it', '07001')
  }
  return [sql.toSql((name) => quoteIdentifier(name, dialect)), sql.parameters]
}

/** A name as the dialect quotes it. */
function quoteIdentifier(name: string, dialect: Dialect): string {
  const [open, close] = dialect.identifierQuote
  return open + name.replaceAll(close, close + close) + close
}

/**
 * Checks the parameters of a statement, and copies them: the caller may change its array while the statement waits.
 *
 * @throws SQLException 07001 for a wrong number, HY105 for a value that no database takes.
 */
export function bindParameters(
  statement: CompiledStatement,
  parameters: SqlParameters | undefined,
  dialect: Dialect,
): BoundParameters {
  if (parameters === undefined || parameters.length === 0) {
    if (parameters !== undefined && !Array.isArray(parameters)) throw notAnArray(parameters)
    if (statement.parameterCount > 0) throw wrongCount(statement, 0)
    return none
  }
  if (!Array.isArray(parameters)) throw notAnArray(parameters)
  if (parameters.length !== statement.parameterCount) throw wrongCount(statement, parameters.length)
  const { order } = statement
  const sent = order?.length ?? parameters.length
  if (sent > dialect.maxParameters) {
    throw new SQLException(
      `The statement has ${sent} parameters; ${dialect.name} takes ${dialect.maxParameters}`,
      { sqlState: '54000', reason: 'limit' },
    )
  }
  const bound: ParameterValue[] = []
  for (let index = 0; index < parameters.length; index++) {
    const value = parameters[index] as unknown
    // An array is one value only where it says so; elsewhere it is a list that lost its sql.list().
    const isArray = value instanceof TypedParameter && value.type === 'ARRAY' && Array.isArray(value.value)
    if (!isArray) checkValue(value instanceof TypedParameter ? value.value : value, index)
    bound.push(value as ParameterValue)
  }
  // A translated escape may have moved or repeated its arguments.
  return order === undefined ? bound : order.map((index) => bound[index]!)
}

function checkValue(value: unknown, index: number): void {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return
    case 'object':
      if (value === null || value instanceof Uint8Array) return
      if (value instanceof Date) {
        if (!Number.isNaN(value.getTime())) return
        throw new SQLDataException(`Parameter ${index + 1} is an invalid Date`, {
          sqlState: '22007',
          reason: 'data',
        })
      }
      throw wrongValue(index, objectHint(value))
    case 'undefined':
      throw wrongValue(index, 'is undefined: NULL is written null')
    default:
      throw wrongValue(index, `is a ${typeof value}, which is no SQL value`)
  }
}

function objectHint(value: object): string {
  if (Array.isArray(value)) return 'is an array: for IN (…) use sql.list(values) in a template'
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return 'is binary, but not a Uint8Array'
  if (value instanceof Promise) return 'is a promise: await it first'
  return 'is an object: give its fields one by one, or JSON.stringify it'
}

function wrongCount(statement: CompiledStatement, given: number): SQLException {
  return wrong(`The statement has ${statement.parameterCount} parameter(s), ${given} were given`, '07001')
}

function notAnArray(parameters: unknown): SQLException {
  return wrong(
    `The parameters are ${parameters === null ? 'null' : `a ${typeof parameters}`}, not an array`,
    '07001',
  )
}

function wrongValue(index: number, fault: string): SQLException {
  return wrong(`Parameter ${index + 1} ${fault}`, 'HY105')
}

function wrong(message: string, sqlState: string): SQLException {
  return new SQLNonTransientException(message, { sqlState, reason: 'parameter' })
}
