import { CallReader } from './calls.ts'
import { ChangeReader } from './changes.ts'
import { readCondition } from './conditions.ts'
import { converted } from './conversions.ts'
import { DefinitionReader } from './definitions.ts'
import { SqlError, syntaxError } from './errors.ts'
import { certain, readExpression, type ExpressionContext } from './expressions.ts'
import { QueryReader } from './queries.ts'
import { readSetting } from './settings.ts'
import { readType } from './sql-types.ts'
import type { Batch, Statement, TransactionStatement } from './statements.ts'
import { TokenStream } from './token-stream.ts'
import type { TdsType } from './types.ts'

/**
 * T-SQL, as far as the specs speak it, in the words of PostgreSQL. What it does not know it refuses, and never guesses.
 *
 * @param declared The parameters, by their names in capitals.
 */
export function translate(text: string, declared: ReadonlyMap<string, TdsType> = new Map()): Batch {
  if (text.includes('\0')) throw syntaxError('\\0')
  if (!text.isWellFormed()) throw syntaxError('\ufffd')
  const key = JSON.stringify([text, [...declared]])
  const known = translated.get(key)
  if (known) return known
  const batch = new BatchReader(text, declared).read()
  if (translated.size === 1_000) translated.clear()
  translated.set(key, batch)
  return batch
}

/** Programs say the same again and again. */
const translated = new Map<string, Batch>()

/** `@a int, @b nvarchar(10) OUTPUT`, as sp_executesql and sp_prepare have it. */
export function readDeclarations(text: string): Map<string, TdsType> {
  const tokens = new TokenStream(text)
  const declared = new Map<string, TdsType>()
  if (text.trim() === '') return declared
  tokens.list(() => {
    const { kind, text: name } = tokens.next()
    if (kind !== 'variable') throw tokens.wrong()
    tokens.take('AS')
    declared.set(name.toUpperCase(), readType(tokens))
    if (!tokens.take('OUTPUT')) tokens.take('OUT')
  })
  if (tokens.token.kind !== 'end') throw tokens.wrong()
  return declared
}

class BatchReader {
  readonly #tokens: TokenStream
  readonly #variables: Map<string, TdsType>
  readonly #context: ExpressionContext
  readonly #queries: QueryReader
  readonly #calls: CallReader
  readonly #changes: ChangeReader
  readonly #definitions: DefinitionReader

  constructor(text: string, declared: ReadonlyMap<string, TdsType>) {
    this.#tokens = new TokenStream(text)
    this.#variables = new Map(declared)
    this.#context = {
      tokens: this.#tokens,
      typeOf: (name) => this.#variables.get(name),
      subquery: () => this.#queries.subquery(),
    }
    this.#queries = new QueryReader(this.#context)
    this.#calls = new CallReader(this.#context, this.#queries)
    this.#changes = new ChangeReader(this.#context, this.#queries)
    this.#definitions = new DefinitionReader(this.#context, this.#queries)
  }

  read(): Batch {
    const statements: Statement[] = []
    while (this.#tokens.take(';'));
    while (this.#tokens.token.kind !== 'end') {
      statements.push(...this.#statement(statements.length === 0))
      while (this.#tokens.take(';'));
    }
    return { statements, variables: this.#variables }
  }

  #statement(isFirst = false): Statement[] {
    const tokens = this.#tokens
    const { token } = tokens
    const { line } = token
    switch (token.word) {
      case 'SELECT':
      case '(':
        return [this.#select(line)]
      case 'WITH':
        return [this.#withCommon(line)]
      case 'INSERT':
        return [tokens.is('INSERT', 'BULK') ? this.#calls.bulk(line) : this.#changes.insert(line, '')]
      case 'UPDATE':
        return [this.#changes.update(line, '')]
      case 'DELETE':
        return [this.#changes.delete(line, '')]
      case 'CREATE':
      case 'ALTER':
      case 'DROP':
      case 'TRUNCATE':
        return [this.#definitions.read(line)]
      case 'SET':
        tokens.next()
        if (tokens.token.kind === 'variable') return [this.#assign(line)]
        return readSetting(tokens, line)
      case 'DECLARE':
        return this.#declare(line)
      case 'BEGIN':
        if (tokens.take('BEGIN', 'TRAN') || tokens.take('BEGIN', 'TRANSACTION')) {
          return [this.#transaction(line, 'begin')]
        }
        if (tokens.peek().word === 'TRY') throw tokens.unknown('BEGIN TRY')
        return this.#block()
      case 'COMMIT':
      case 'ROLLBACK':
        tokens.next()
        if (!tokens.take('TRAN') && !tokens.take('TRANSACTION')) tokens.take('WORK')
        return [this.#transaction(line, token.word === 'COMMIT' ? 'commit' : 'rollback')]
      case 'SAVE':
        tokens.next()
        if (!tokens.take('TRAN')) tokens.expect('TRANSACTION')
        return [this.#transaction(line, 'save')]
      case 'IF':
        return [this.#if(line)]
      case 'WAITFOR':
        return [this.#wait(line)]
      case 'PRINT':
        tokens.next()
        return [
          {
            kind: 'print',
            line,
            sql: converted(readExpression(this.#context), { name: 'nvarchar', length: 4_000 }).sql,
          },
        ]
      case 'RAISERROR':
        return [this.#calls.raise(line)]
      case 'THROW':
        return [this.#calls.throw(line)]
      case 'EXEC':
      case 'EXECUTE':
        tokens.next()
        return [this.#calls.call(line)]
      case 'KILL':
        tokens.next()
        return [{ kind: 'kill', line, spid: tokens.integer() }]
      case 'USE':
        tokens.next()
        return [{ kind: 'use', line, database: tokens.name() }]
      case 'RETURN':
        tokens.next()
        return [{ kind: 'return', line }]
      default:
        if (tokens.isName() && isFirst) throw noProcedure(tokens.name(), line)
        throw tokens.wrong()
    }
  }

  #select(line: number): Statement {
    const { sql, columns, into, order } = this.#queries.query()
    if (into === undefined) return { kind: 'query', line, sql, verb: 'select', columns, order }
    const isTemporary = into.startsWith('"#')
    const text = `CREATE ${isTemporary ? 'TEMPORARY ' : ''}TABLE ${into} AS ${sql}`
    return { kind: 'definition', line, sql: text, ...(isTemporary && { temporary: into }) }
  }

  #withCommon(line: number): Statement {
    const start = this.#tokens.position
    const common = this.#queries.commonTables()
    if (this.#tokens.is('INSERT')) return this.#changes.insert(line, common)
    if (this.#tokens.is('UPDATE')) return this.#changes.update(line, common)
    if (this.#tokens.is('DELETE')) return this.#changes.delete(line, common)
    this.#tokens.position = start
    return this.#select(line)
  }

  #declare(line: number): Statement[] {
    this.#tokens.next()
    return this.#tokens.list(() => {
      const { kind, text } = this.#tokens.token
      if (kind !== 'variable') throw this.#tokens.wrong()
      this.#tokens.next()
      this.#tokens.take('AS')
      const type = readType(this.#tokens)
      const variable = text.toUpperCase()
      this.#variables.set(variable, type)
      const sql = this.#tokens.take('=') ? converted(readExpression(this.#context), type).sql : undefined
      return { kind: 'assign', line, variable, sql } as const
    })
  }

  #assign(line: number): Statement {
    const { text } = this.#tokens.next()
    const variable = text.toUpperCase()
    const type = this.#variables.get(variable)
    if (!type) {
      throw new SqlError(137, `Must declare the scalar variable "${text}".`, {
        severity: 15,
        scope: 'batch',
        line,
      })
    }
    this.#tokens.expect('=')
    return { kind: 'assign', line, variable, sql: converted(readExpression(this.#context), type).sql }
  }

  #transaction(line: number, action: TransactionStatement['action']): Statement {
    const { token } = this.#tokens
    const hasName = this.#tokens.isName() || token.kind === 'variable'
    if (token.kind === 'variable') throw this.#tokens.unknown('names of transactions in variables')
    return { kind: 'transaction', line, action, name: hasName ? this.#tokens.name() : '' }
  }

  #block(): Statement[] {
    this.#tokens.expect('BEGIN')
    const statements: Statement[] = []
    while (!this.#tokens.take('END')) {
      statements.push(...this.#statement())
      while (this.#tokens.take(';'));
    }
    return statements
  }

  #if(line: number): Statement {
    this.#tokens.expect('IF')
    const condition = readCondition(this.#context)
    const yes = this.#statement()
    const start = this.#tokens.position
    this.#tokens.take(';')
    if (this.#tokens.take('ELSE')) return { kind: 'if', line, condition, yes, no: this.#statement() }
    this.#tokens.position = start
    return { kind: 'if', line, condition, yes, no: [] }
  }

  #wait(line: number): Statement {
    this.#tokens.expect('WAITFOR')
    if (!this.#tokens.take('DELAY')) throw this.#tokens.unknown('WAITFOR without DELAY')
    const delay = certain(readExpression(this.#context))
    return { kind: 'wait', line, sql: `SELECT pg_sleep(extract(epoch FROM CAST(${delay} AS interval)))` }
  }
}

function noProcedure(name: string, line: number): SqlError {
  return new SqlError(2812, `Could not find stored procedure '${name}'.`, { state: 62, scope: 'batch', line })
}
