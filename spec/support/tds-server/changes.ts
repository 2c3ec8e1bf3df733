import { readCondition } from './conditions.ts'
import { quoted, readExpression, type ExpressionContext } from './expressions.ts'
import type { OutputColumn, QueryReader } from './queries.ts'
import type { QueryStatement } from './statements.ts'

/** INSERT, UPDATE and DELETE; what stands before them is a WITH. */
export class ChangeReader {
  readonly #context: ExpressionContext
  readonly #queries: QueryReader

  constructor(context: ExpressionContext, queries: QueryReader) {
    this.#context = context
    this.#queries = queries
  }

  insert(line: number, common: string): QueryStatement {
    const { tokens } = this.#context
    tokens.expect('INSERT')
    tokens.take('INTO')
    const table = this.#queries.tableName()
    this.#queries.hints(table)
    const columns =
      tokens.is('(') && !tokens.is('(', 'SELECT')
        ? ` (${tokens.enclosed(() => tokens.list(() => quoted(tokens.name()))).join(', ')})`
        : ''
    const output = tokens.take('OUTPUT') ? this.#queries.outputList('INSERTED') : undefined
    let rows: string
    if (tokens.take('DEFAULT', 'VALUES')) rows = 'DEFAULT VALUES'
    else if (tokens.take('VALUES')) rows = `VALUES ${tokens.list(() => this.#row()).join(', ')}`
    else if (tokens.isOneOf('EXEC', 'EXECUTE')) throw tokens.unknown('INSERT … EXEC')
    else rows = this.#queries.query().sql
    const sql = `${common}INSERT INTO ${table}${columns} ${rows}${output?.sql ?? ''}`
    return this.#change(line, 'insert', sql, output?.columns)
  }

  #row(): string {
    const { tokens } = this.#context
    const values = tokens.enclosed(() =>
      tokens.list(() => (tokens.take('DEFAULT') ? 'DEFAULT' : readExpression(this.#context).sql)),
    )
    return `(${values.join(', ')})`
  }

  update(line: number, common: string): QueryStatement {
    const { tokens } = this.#context
    tokens.expect('UPDATE')
    if (tokens.is('TOP')) throw tokens.unknown('UPDATE TOP')
    const table = this.#queries.tableName()
    this.#queries.hints(table)
    tokens.expect('SET')
    const changes = tokens.list(() => this.#assignment())
    const output = tokens.take('OUTPUT') ? this.#queries.outputList('INSERTED') : undefined
    if (tokens.is('FROM')) throw tokens.unknown('UPDATE … FROM')
    const where = tokens.take('WHERE') ? ` WHERE ${readCondition(this.#context)}` : ''
    const sql = `${common}UPDATE ${table} SET ${changes.join(', ')}${where}${output?.sql ?? ''}`
    return this.#change(line, 'update', sql, output?.columns)
  }

  #assignment(): string {
    const { tokens } = this.#context
    const column = quoted(tokens.name())
    const operator = tokens.token.word
    if (['+', '-', '*', '/', '%'].includes(operator) && tokens.peek().word === '=') {
      tokens.next()
      tokens.expect('=')
      return `${column} = ${column} ${operator} (${readExpression(this.#context).sql})`
    }
    tokens.expect('=')
    return `${column} = ${tokens.take('DEFAULT') ? 'DEFAULT' : readExpression(this.#context).sql}`
  }

  delete(line: number, common: string): QueryStatement {
    const { tokens } = this.#context
    tokens.expect('DELETE')
    if (tokens.is('TOP')) throw tokens.unknown('DELETE TOP')
    tokens.take('FROM')
    const table = this.#queries.tableName()
    this.#queries.hints(table)
    const output = tokens.take('OUTPUT') ? this.#queries.outputList('DELETED') : undefined
    if (tokens.is('FROM')) throw tokens.unknown('DELETE … FROM')
    const where = tokens.take('WHERE') ? ` WHERE ${readCondition(this.#context)}` : ''
    return this.#change(
      line,
      'delete',
      `${common}DELETE FROM ${table}${where}${output?.sql ?? ''}`,
      output?.columns,
    )
  }

  #change(
    line: number,
    verb: 'insert' | 'update' | 'delete',
    sql: string,
    columns: readonly OutputColumn[] | undefined,
  ): QueryStatement {
    const { tokens } = this.#context
    if (tokens.is('OPTION')) throw tokens.unknown('OPTION in this place')
    return { kind: 'query', line, sql, verb, columns, order: [] }
  }
}
