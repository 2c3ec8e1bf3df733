import {
  type SQLException,
  SQLFeatureNotSupportedException,
  SQLNonTransientException,
  SQLSyntaxErrorException,
} from '../api/sql-exception.ts'
import type { CompiledStatement } from './compiled-statement.ts'
import type { Dialect } from './dialect.ts'
import { Lexer } from './lexer.ts'
import { quoteIdentifier } from './quote-identifier.ts'

/** Programs ask for the same keys of the same text: one rewriting is kept with each text, and goes with it. */
const rewritten = new WeakMap<CompiledStatement, CompiledStatement>()

/**
 * The INSERT that also tells columns of the rows that it inserts, by the means of its database.
 *
 * @param columns As the database knows them: they are quoted. None, or an empty list: the statement as it is.
 * @throws SQLNonTransientException HY024 for what are no names of columns; `SQLFeatureNotSupportedException` 0A000 for
 *   another statement, and where the database cannot; `SQLSyntaxErrorException` 42601 for one that answers with rows
 *   already.
 */
export function withGeneratedKeys(
  statement: CompiledStatement,
  columns: readonly string[] | undefined,
  dialect: Dialect,
): CompiledStatement {
  if (columns === undefined) return statement
  const known = rewritten.get(statement)
  if (known !== undefined && isSame(known.generatedKeys!, columns)) return known
  const names = checkedNames(columns)
  if (names.length === 0) return statement
  const sql = rewrite(statement.sql, names, dialect)
  const compiled = Object.freeze({ ...statement, sql, returnsRows: true, generatedKeys: names })
  rewritten.set(statement, compiled)
  return compiled
}

function rewrite(sql: string, names: readonly string[], dialect: Dialect): string {
  const { generatedKeys, returningWord = 'RETURNING' } = dialect
  if (generatedKeys === undefined) throw notSupported(`${dialect.name} gives no generated keys`)
  const { inserts, end, rows, answers, executes } = shapeOf(sql, dialect, returningWord)
  if (!inserts) throw notSupported('generatedKeys is for INSERT, and this is another statement')
  if (answers) {
    throw new SQLSyntaxErrorException(
      `The text has ${returningWord} already, and answers with rows: leave generatedKeys out`,
      { sqlState: '42601', reason: 'syntax' },
    )
  }
  switch (generatedKeys) {
    case 'driver':
      return sql
    case 'returning': {
      const list = names.map((name) => quoteIdentifier(name, dialect)).join(', ')
      return `${sql.slice(0, end)} RETURNING ${list}${sql.slice(end)}`
    }
    case 'output': {
      // The manual: OUTPUT is not allowed with rows of a procedure.
      if (executes || rows === -1) {
        throw notSupported('generatedKeys is for INSERT with VALUES, SELECT or DEFAULT VALUES')
      }
      const list = names.map((name) => `INSERTED.${quoteIdentifier(name, dialect)}`).join(', ')
      return `${sql.slice(0, rows)}OUTPUT ${list} ${sql.slice(rows)}`
    }
  }
}

/** An INSERT as far as keys are concerned. */
interface InsertShape {
  readonly inserts: boolean
  /** Behind the last token that is neither comment nor semicolon. */
  readonly end: number
  /** Where that begins which gives the rows: VALUES, a query, in parentheses or not; or -1. */
  readonly rows: number
  readonly executes: boolean
  /** It says itself what it answers with. */
  readonly answers: boolean
}

/** Only what stands outside of parentheses belongs to the statement itself. */
function shapeOf(sql: string, { lexical }: Dialect, returningWord: string): InsertShape {
  const lexer = new Lexer(sql, lexical)
  let verb: string | undefined
  let isFirst = true
  let depth = 0
  let end = 0
  let rows = -1
  let answers = false
  let executes = false
  /** Where the parentheses begin of which nothing but more of them was read. */
  let opened = -1
  for (let kind = lexer.next(); kind !== 'end'; kind = lexer.next()) {
    if (kind === 'space' || kind === 'comment') continue
    const sign = kind === 'sign' ? sql[lexer.start] : undefined
    if (sign === ';') continue
    end = lexer.end
    if (sign === '(') {
      if (depth++ === 0) opened = lexer.start
      continue
    }
    const word = kind === 'word' ? lexer.token.toUpperCase() : ''
    const inserts = verb !== undefined && insertVerbs.has(verb)
    if (depth === 0 && word !== '') {
      if (inserts) {
        if (word === returningWord) answers = true
        else if (rows === -1 && rowsBegin.has(word)) {
          rows = lexer.start
          executes = word.startsWith('EXEC')
        }
      } else if (verb === undefined && (isFirst ? word !== 'WITH' : mainVerbs.has(word))) verb = word
      isFirst = false
    } else if (inserts && opened !== -1 && rows === -1 && queryBegins.has(word)) rows = opened
    opened = -1
    if (sign === ')') depth--
  }
  return { inserts: verb !== undefined && insertVerbs.has(verb), end, rows, executes, answers }
}

const insertVerbs = new Set(['INSERT', 'REPLACE'])
const mainVerbs = new Set([...insertVerbs, 'UPDATE', 'DELETE', 'MERGE', 'SELECT', 'VALUES', 'TABLE'])
const queryBegins = new Set(['SELECT', 'VALUES'])
const rowsBegin = new Set([...queryBegins, 'DEFAULT', 'EXEC', 'EXECUTE'])

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, at) => name === b[at])
}

function checkedNames(columns: unknown): readonly string[] {
  if (!Array.isArray(columns)) throw wrongNames('it is no array')
  const names = Object.freeze([...(columns as unknown[])])
  for (const name of names) {
    if (typeof name !== 'string') throw wrongNames(`it holds ${name === null ? 'null' : `a ${typeof name}`}`)
    if (name === '' || name.includes('\0') || !name.isWellFormed())
      throw wrongNames('a name in it is no name')
  }
  if (new Set(names).size < names.length) throw wrongNames('it holds a name twice')
  return names as readonly string[]
}

function wrongNames(fault: string): SQLException {
  return new SQLNonTransientException(
    `generatedKeys takes the names of columns, such as ['id'], and ${fault}`,
    { sqlState: 'HY024', reason: 'parameter' },
  )
}

function notSupported(message: string): SQLException {
  return new SQLFeatureNotSupportedException(message, { sqlState: '0A000', reason: 'feature' })
}
