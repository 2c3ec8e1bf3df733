import { DatabaseError } from 'pg'
import { SqlError, unknown, type ErrorScope } from './errors.ts'
import type { IsolationLevel } from './statements.ts'

/** Where an error came from, as SQL Server's texts tell it. */
export interface ErrorPlace {
  readonly database: string
  readonly verb: string
  readonly isolation: IsolationLevel
}

/** An error of PostgreSQL in the numbers and texts of SQL Server. What has none is this server's own. */
export function asSqlError(error: unknown, place: ErrorPlace): SqlError {
  if (error instanceof SqlError) return error
  if (!(error instanceof DatabaseError)) throw error
  const { code = '', message, detail = '', constraint = '', column = '' } = error
  const table = `dbo.${error.table ?? ''}`
  const verb = place.verb.toUpperCase()
  const at = `The conflict occurred in database "${place.database}", table "${table}"`
  switch (code) {
    case '23505':
      return uniqueViolation(error, table)
    case '23503': {
      const kind = /still referenced|update or delete/.test(`${message} ${detail}`)
        ? 'REFERENCE'
        : 'FOREIGN KEY'
      return of(
        547,
        `The ${verb} statement conflicted with the ${kind} constraint "${constraint}". ${at}.`,
        16,
        0,
      )
    }
    case '23514':
      if (constraint.startsWith('tds_range_')) return overflow(constraint.slice(10))
      if (constraint.startsWith('tds_size_')) return truncated(place.database, table, constraint.slice(9))
      return of(
        547,
        `The ${verb} statement conflicted with the CHECK constraint "${constraint}". ${at}.`,
        16,
        0,
      )
    case '23502':
      return of(
        515,
        `Cannot insert the value NULL into column '${column}', table '${place.database}.${table}'; column does not allow nulls. ${verb} fails.`,
        16,
        2,
      )
    case '428C9':
      return of(
        544,
        `Cannot insert explicit value for identity column in table '${/table|column/.test(message) ? 'the table' : ''}' when IDENTITY_INSERT is set to OFF.`,
      )
    case '40P01':
      return deadlock()
    case '40001':
      // Its locks would have made it a deadlock at the other levels.
      if (place.isolation !== 'snapshot') return deadlock()
      return of(
        3960,
        `Snapshot isolation transaction aborted due to update conflict. You cannot use snapshot isolation to access table '${table}' directly or indirectly in database '${place.database}' to update, delete, or insert the row that has been modified or deleted by another transaction. Retry the transaction or change the isolation level for the update/delete statement.`,
        16,
        2,
        'transaction',
      )
    case '55P03':
      return of(1222, 'Lock request time out period exceeded.', 16, 45)
    case '42P01':
      return of(208, `Invalid object name '${named(message)}'.`, 16, 1, 'batch')
    case '42703':
      return of(207, `Invalid column name '${named(message)}'.`, 16, 1, 'batch')
    case '42702':
      return of(209, `Ambiguous column name '${named(message)}'.`, 16, 1, 'batch')
    case '42P07':
      return of(2714, `There is already an object named '${named(message)}' in the database.`, 16, 6, 'batch')
    case '42701':
      return of(
        2705,
        `Column names in each table must be unique. Column name '${named(message)}' is specified more than once.`,
        16,
        4,
        'batch',
      )
    case '42601':
      return of(102, `Incorrect syntax near '${named(message)}'.`, 15, 1, 'batch')
    case '42803':
      return of(
        8120,
        `Column '${named(message)}' is invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause.`,
        16,
        1,
        'batch',
      )
    case '21000':
      return of(
        512,
        'Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, >= or when the subquery is used as an expression.',
      )
    case '22001':
      return truncated(place.database, table, column)
    case '22003':
      return overflow(
        /out of range/.test(message)
          ? (/^"?(\w+)|value .* type (\w+)/.exec(message)?.[1] ?? 'int')
          : 'numeric',
      )
    case '22012':
      return of(8134, 'Divide by zero error encountered.')
    case '22007':
    case '22008':
      return of(
        241,
        'Conversion failed when converting date and/or time from character string.',
        16,
        1,
        'transaction',
      )
    case '22P02':
      return conversion(message)
    case '42501':
      return of(
        229,
        `The ${verb} permission was denied on the object '${named(message)}', database '${place.database}', schema 'dbo'.`,
        14,
        5,
      )
    case '54000':
    case '54001':
      return of(8623, 'The query processor ran out of internal resources and could not produce a query plan.')
    case 'TD404':
      return unknown(message)
    default:
      return unknown(`what SQL Server says where PostgreSQL says ${code}: ${message}`)
  }
}

function of(
  number: number,
  text: string,
  severity = 16,
  state = 1,
  scope: ErrorScope = 'statement',
): SqlError {
  return new SqlError(number, text, { severity, state, scope })
}

function deadlock(): SqlError {
  const text =
    'Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.'
  return of(1205, text, 13, 51, 'transaction')
}

function uniqueViolation({ constraint = '', detail = '' }: DatabaseError, table: string): SqlError {
  const key = /=\((.*)\) already exists/s.exec(detail)?.[1] ?? ''
  const value = `The duplicate key value is (${key}).`
  if (constraint.startsWith('ix')) {
    return of(
      2601,
      `Cannot insert duplicate key row in object '${table}' with unique index '${constraint}'. ${value}`,
      14,
    )
  }
  const kind = constraint.endsWith('_pkey') || constraint.startsWith('pk') ? 'PRIMARY KEY' : 'UNIQUE KEY'
  return of(
    2627,
    `Violation of ${kind} constraint '${constraint}'. Cannot insert duplicate key in object '${table}'. ${value}`,
    14,
  )
}

function truncated(database: string, table: string, column: string): SqlError {
  return of(
    2628,
    `String or binary data would be truncated in table '${database}.${table}', column '${column}'. Truncated value: ''.`,
  )
}

function overflow(type: string): SqlError {
  const name = { integer: 'int', value: 'int', numeric: 'numeric' }[type] ?? type
  if (name === 'tinyint' || name === 'smallint') {
    return of(220, `Arithmetic overflow error for data type ${name}, value = out of range.`)
  }
  if (name === 'bit') return unknown('BIT from another number than 0 and 1 without a CAST')
  return of(8115, `Arithmetic overflow error converting expression to data type ${name}.`, 16, 2)
}

/** These end the batch, and the transaction with it, whatever XACT_ABORT says. */
function conversion(message: string): SqlError {
  const [, type = '', value = ''] = /type ([\w ]+): "(.*)"/s.exec(message) ?? []
  if (/^(?:date|time)/.test(type)) {
    return of(
      241,
      'Conversion failed when converting date and/or time from character string.',
      16,
      1,
      'transaction',
    )
  }
  if (type === 'uuid') {
    return of(
      8169,
      'Conversion failed when converting from a character string to uniqueidentifier.',
      16,
      2,
      'transaction',
    )
  }
  if (type === 'numeric' || type === 'bigint' || type.startsWith('double') || type === 'real') {
    const name = type.startsWith('double') ? 'float' : type
    return of(8114, `Error converting data type nvarchar to ${name}.`, 16, 5, 'transaction')
  }
  const name = type === 'integer' ? 'int' : type
  return of(
    245,
    `Conversion failed when converting the nvarchar value '${value}' to data type ${name}.`,
    16,
    1,
    'transaction',
  )
}

/** What PostgreSQL's message names, in quotes or at its place. */
function named(message: string): string {
  const [, quotedName, afterColumn] = /"([^"]*)"|column ([\w.#]+)/.exec(message) ?? []
  return (quotedName ?? afterColumn ?? message).replace(/^dbo\./, '')
}
