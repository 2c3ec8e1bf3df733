import { SqlError } from './errors.ts'
import { certain, literal, readExpression, type ExpressionContext } from './expressions.ts'

const comparisons: Readonly<Record<string, string>> = {
  '=': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '>': '>',
  '<=': '<=',
  '>=': '>=',
}

/** What is true, false or unknown: no value in T-SQL. */
export function readCondition(context: ExpressionContext): string {
  const { tokens } = context
  let sql = readConjunction(context)
  while (tokens.take('OR')) sql = `(${sql} OR ${readConjunction(context)})`
  return sql
}

function readConjunction(context: ExpressionContext): string {
  const { tokens } = context
  let sql = readNegation(context)
  while (tokens.take('AND')) sql = `(${sql} AND ${readNegation(context)})`
  return sql
}

function readNegation(context: ExpressionContext): string {
  return context.tokens.take('NOT') ? `(NOT ${readNegation(context)})` : readPredicate(context)
}

function readPredicate(context: ExpressionContext): string {
  const { tokens } = context
  if (tokens.take('EXISTS')) return `EXISTS ${context.subquery()}`
  if (tokens.is('(') && !tokens.is('(', 'SELECT')) {
    // A parenthesis may hold a condition or a value: the one that can be read.
    const start = tokens.position
    try {
      return `(${tokens.enclosed(() => readCondition(context))})`
    } catch (error) {
      if (!(error instanceof SqlError)) throw error
      tokens.position = start
    }
  }
  const left = readExpression(context)
  if (tokens.take('IS')) {
    const negated = tokens.take('NOT')
    tokens.expect('NULL')
    return `(${certain(left)} IS ${negated ? 'NOT ' : ''}NULL)`
  }
  const negated = tokens.take('NOT') ? 'NOT ' : ''
  if (tokens.take('BETWEEN')) {
    const low = readExpression(context).sql
    tokens.expect('AND')
    return `(${left.sql} ${negated}BETWEEN ${low} AND ${readExpression(context).sql})`
  }
  if (tokens.take('IN')) {
    if (tokens.is('(', 'SELECT')) return `(${left.sql} ${negated}IN ${context.subquery()})`
    const values = tokens.enclosed(() => tokens.list(() => readExpression(context).sql))
    return `(${left.sql} ${negated}IN (${values.join(', ')}))`
  }
  if (tokens.take('LIKE')) {
    const pattern = readExpression(context)
    const escape = tokens.take('ESCAPE') ? literal(tokens.anyText()) : `''`
    return `(${certain(left)} ${negated}LIKE tds.pattern(${certain(pattern)}) ESCAPE ${escape})`
  }
  const operator = negated === '' ? comparisons[tokens.token.word] : undefined
  if (operator === undefined) throw tokens.wrong()
  tokens.next()
  if (tokens.isOneOf('ANY', 'ALL', 'SOME')) throw tokens.unknown('comparisons with ANY and ALL')
  return `(${left.sql} ${operator} ${readExpression(context).sql})`
}
