import type { ColumnMetadata } from '../api/result.ts'
import { TypedParameter } from '../api/sql-types.ts'
import type { ParameterValue, SqlTypeName } from '../api/sql-types.ts'
import type { ColumnDefinition, Condition, Expression, ScriptedStatement } from './scripted-sql.ts'
import { notSupported, undefinedObject } from './server-errors.ts'

/** The columns that an expression may name. */
export type Scope = (column: string) => unknown

/** The parameters of a statement. */
export type Values = readonly ParameterValue[]

export function matches(conditions: readonly Condition[], scope: Scope, parameters: Values): boolean {
  return conditions.every(({ left, operator, right }) => {
    const order = compare(evaluate(left, scope, parameters), evaluate(right, scope, parameters))
    if (order === undefined) return false
    switch (operator) {
      case '=':
        return order === 0
      case '<>':
        return order !== 0
      case '<':
        return order < 0
      case '>':
        return order > 0
      case '<=':
        return order <= 0
      default:
        return order >= 0
    }
  })
}

function compare(left: unknown, right: unknown): number | undefined {
  if (left === null || right === null) return undefined
  const [a, b] = typeof left === typeof right ? [left, right] : [Number(left), Number(right)]
  if (a === b) return 0
  return (a as number) < (b as number) ? -1 : 1
}

export function evaluate(expression: Expression, scope: Scope, parameters: Values): unknown {
  switch (expression.kind) {
    case 'literal':
      return expression.value
    case 'parameter': {
      const value = parameters[expression.index]
      const plain = value instanceof TypedParameter ? value.value : value
      return plain instanceof Date ? plain.toISOString() : plain
    }
    case 'column':
      return scope(expression.name)
    case 'call': {
      const values = expression.arguments.map((argument) => evaluate(argument, scope, parameters))
      if (expression.name === 'upper') return text(values[0]).toUpperCase()
      if (expression.name === 'sleep') return values[0]
      throw notSupported(`The function ${expression.name}`)
    }
    case 'binary': {
      const left = evaluate(expression.left, scope, parameters)
      const right = evaluate(expression.right, scope, parameters)
      if (left === null || right === null) return null
      const [a, b] =
        typeof left === 'bigint' ? [left, BigInt(right as number)] : [left as number, Number(right)]
      // Both are of one type by now; the compiler cannot know which.
      if (expression.operator === '+') return (a as number) + (b as number)
      return expression.operator === '-' ? (a as number) - (b as number) : (a as number) * (b as number)
    }
  }
}

/** How long the statement takes: the sum of its `sleep(milliseconds)`. */
export function sleepOf(statement: ScriptedStatement, parameters: Values): number {
  if (statement.kind !== 'select') return 0
  let total = 0
  for (const { expression } of statement.items) {
    if (expression !== 'star' && expression.kind === 'call' && expression.name === 'sleep') {
      total += Number(
        expression.arguments[0] === undefined ? 0 : evaluate(expression.arguments[0], noColumns, parameters),
      )
    }
  }
  return total
}

export function isAggregate(expression: Expression): boolean {
  return expression.kind === 'call' && ['count', 'sum', 'max'].includes(expression.name)
}

export function aggregate(
  expression: Expression,
  rows: readonly (readonly unknown[])[],
  columns: readonly ColumnDefinition[],
  parameters: Values,
): unknown {
  if (expression.kind !== 'call' || !isAggregate(expression))
    return evaluate(expression, noColumns, parameters)
  const [argument] = expression.arguments
  if (argument === undefined) return rows.length
  const values = rows
    .map((row) => evaluate(argument, scopeOf(columns, row), parameters))
    .filter((value) => value !== null)
  if (expression.name === 'count') return values.length
  if (values.length === 0) return null
  if (expression.name === 'max') return values.reduce((a, b) => ((compare(a, b) ?? 0) < 0 ? b : a))
  return values.reduce((a, b) => (a as number) + (b as number))
}

export function describe(
  name: string,
  expression: Expression,
  columns: readonly ColumnDefinition[],
  parameters: Values,
): ColumnMetadata {
  if (expression.kind === 'column') {
    const { type, databaseType } = columns[positionOf(columns, expression.name)]!
    return { name, type, databaseType }
  }
  const type = typeOf(expression, columns, parameters)
  return { name, type, databaseType: type }
}

function typeOf(
  expression: Expression,
  columns: readonly ColumnDefinition[],
  parameters: Values,
): SqlTypeName {
  switch (expression.kind) {
    case 'column':
      return columns[positionOf(columns, expression.name)]!.type
    case 'binary':
      return typeOf(expression.left, columns, parameters)
    case 'call':
      if (expression.name === 'upper') return 'VARCHAR'
      if (expression.arguments[0] === undefined || expression.name === 'count') return 'INTEGER'
      return typeOf(expression.arguments[0], columns, parameters)
    case 'parameter': {
      const value = parameters[expression.index]
      return value instanceof TypedParameter ? value.type : typeOfValue(value)
    }
    case 'literal':
      return typeOfValue(expression.value)
  }
}

/** The type that a value has when no column says more. */
export function typeOfValue(value: unknown): SqlTypeName {
  if (typeof value === 'number') return Number.isInteger(value) ? 'INTEGER' : 'DOUBLE'
  if (typeof value === 'bigint') return 'BIGINT'
  if (typeof value === 'boolean') return 'BOOLEAN'
  if (value instanceof Uint8Array) return 'VARBINARY'
  return value instanceof Date ? 'TIMESTAMP_WITH_TIMEZONE' : 'VARCHAR'
}

export function sorted(
  rows: (readonly unknown[])[],
  columns: readonly ColumnDefinition[],
  { column: name, descending }: { column: string; descending: boolean },
): (readonly unknown[])[] {
  const at = positionOf(columns, name)
  return rows.toSorted((a, b) => (compare(a[at], b[at]) ?? 0) * (descending ? -1 : 1))
}

export function positionOf(columns: readonly ColumnDefinition[], name: string): number {
  const position = columns.findIndex((candidate) => candidate.name === name)
  if (position < 0) throw undefinedObject('column', name)
  return position
}

export function scopeOf(columns: readonly ColumnDefinition[], values: readonly unknown[]): Scope {
  return (name) => values[positionOf(columns, name)]
}

export function noColumns(name: string): never {
  throw undefinedObject('column', name)
}

/** A value as text, as a column of text keeps it. */
export function text(value: unknown): string {
  return value instanceof Uint8Array
    ? Buffer.from(value).toString()
    : `${value as string | number | bigint | boolean}`
}
