import { readCondition } from './conditions.ts'
import { SqlError } from './errors.ts'
import { quoted, readExpression, type ExpressionContext } from './expressions.ts'
import { postgresType } from './postgres-types.ts'
import type { QueryReader } from './queries.ts'
import { readType } from './sql-types.ts'
import type { DefinitionStatement, TableColumn } from './statements.ts'
import { isBinary, isMax, type TdsType } from './types.ts'

/** CREATE, ALTER, DROP and TRUNCATE, as far as they are known here. */
export class DefinitionReader {
  readonly #context: ExpressionContext
  readonly #queries: QueryReader

  constructor(context: ExpressionContext, queries: QueryReader) {
    this.#context = context
    this.#queries = queries
  }

  read(line: number): DefinitionStatement {
    const { tokens } = this.#context
    const verb = tokens.next().word
    if (verb === 'TRUNCATE') {
      tokens.expect('TABLE')
      return this.#plain(line, `TRUNCATE TABLE ${this.#queries.tableName()}`)
    }
    if (verb === 'CREATE') {
      if (tokens.take('TABLE')) return this.#createTable(line)
      if (tokens.take('SCHEMA')) return this.#plain(line, `CREATE SCHEMA ${quoted(tokens.name())}`)
      const isUnique = tokens.take('UNIQUE')
      if (!tokens.take('NONCLUSTERED')) tokens.take('CLUSTERED')
      if (tokens.take('INDEX')) return this.#createIndex(line, isUnique)
    }
    if (verb === 'DROP') {
      const what = tokens.next().word
      if (what === 'TABLE' || what === 'SCHEMA') return this.#drop(line, what)
    }
    if (verb === 'ALTER' && tokens.take('DATABASE', 'CURRENT', 'SET', 'ALLOW_SNAPSHOT_ISOLATION')) {
      const isOn = tokens.take('ON') || (tokens.expect('OFF'), false)
      return this.#plain(line, `UPDATE tds.options SET allows_snapshot = ${isOn}`)
    }
    if (verb === 'ALTER' && tokens.take('TABLE')) return this.#alterTable(line)
    throw tokens.unknown(`${verb} ${tokens.token.text}`)
  }

  #plain(line: number, sql: string): DefinitionStatement {
    return { kind: 'definition', line, sql }
  }

  #drop(line: number, what: 'TABLE' | 'SCHEMA'): DefinitionStatement {
    const { tokens } = this.#context
    const condition = tokens.take('IF', 'EXISTS') ? 'IF EXISTS ' : ''
    const names = tokens.list(() => (what === 'TABLE' ? this.#queries.tableName() : quoted(tokens.name())))
    return this.#plain(line, `DROP ${what} ${condition}${names.join(', ')}`)
  }

  #createIndex(line: number, isUnique: boolean): DefinitionStatement {
    const { tokens } = this.#context
    const name = quoted(tokens.name())
    tokens.expect('ON')
    const table = this.#queries.tableName()
    const keys = this.#keyColumns()
    const where = tokens.take('WHERE') ? ` WHERE ${readCondition(this.#context)}` : ''
    // Marked, since SQL Server has another number for an index than for a constraint.
    return this.#plain(line, `CREATE ${isUnique ? 'UNIQUE ' : ''}INDEX ${name} ON ${table} ${keys}${where}`)
  }

  #createTable(line: number): DefinitionStatement {
    const { tokens } = this.#context
    const name = this.#queries.tableName()
    const columns: TableColumn[] = []
    const parts = tokens.enclosed(() => tokens.list(() => this.#element(columns)))
    if (columns.length > 1_024) {
      throw new SqlError(
        1702,
        `CREATE TABLE failed because column '${columns[1_024]!.name}' in table '${name}' exceeds the maximum of 1024 columns.`,
      )
    }
    const isTemporary = name.startsWith('"#')
    return {
      kind: 'definition',
      line,
      sql: `CREATE ${isTemporary ? 'TEMPORARY ' : ''}TABLE ${name} (${parts.join(', ')})`,
      table: { name, columns },
      ...(isTemporary && { temporary: name }),
    }
  }

  #alterTable(line: number): DefinitionStatement {
    const { tokens } = this.#context
    const name = this.#queries.tableName()
    if (tokens.take('DROP')) {
      const kind = tokens.take('COLUMN') ? 'COLUMN' : (tokens.expect('CONSTRAINT'), 'CONSTRAINT')
      return this.#plain(line, `ALTER TABLE ${name} DROP ${kind} ${quoted(tokens.name())}`)
    }
    tokens.expect('ADD')
    const columns: TableColumn[] = []
    const part = this.#element(columns)
    return { kind: 'definition', line, sql: `ALTER TABLE ${name} ADD ${part}`, table: { name, columns } }
  }

  #element(columns: TableColumn[]): string {
    const { tokens } = this.#context
    if (tokens.isOneOf('CONSTRAINT', 'PRIMARY', 'UNIQUE', 'FOREIGN', 'CHECK')) return this.#constraint()
    const name = tokens.name()
    const type = readType(tokens)
    const parts = [quoted(name), postgresType(type), ...sizeCheck(name, type)]
    let isIdentity = false
    for (;;) {
      if (tokens.take('IDENTITY')) {
        const [start, step] = tokens.is('(')
          ? tokens.enclosed(() => tokens.list(() => tokens.integer()))
          : [1, 1]
        parts.push(`GENERATED ALWAYS AS IDENTITY (START WITH ${start} INCREMENT BY ${step})`)
        isIdentity = true
      } else if (tokens.take('NOT', 'NULL')) parts.push('NOT NULL')
      else if (tokens.take('NULL')) parts.push('NULL')
      else if (tokens.take('DEFAULT')) parts.push(`DEFAULT ${readExpression(this.#context).sql}`)
      else if (tokens.isOneOf('CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'REFERENCES'))
        parts.push(this.#constraint())
      else break
    }
    columns.push({ name, type, isIdentity })
    return parts.join(' ')
  }

  #constraint(): string {
    const { tokens } = this.#context
    const name = tokens.take('CONSTRAINT') ? `CONSTRAINT ${quoted(tokens.name())} ` : ''
    if (tokens.take('DEFAULT')) return `${name}DEFAULT ${readExpression(this.#context).sql}`
    if (tokens.take('CHECK')) return `${name}CHECK (${tokens.enclosed(() => readCondition(this.#context))})`
    if (tokens.take('PRIMARY', 'KEY')) return `${name}PRIMARY KEY${this.#clustering()}`
    if (tokens.take('UNIQUE')) return `${name}UNIQUE${this.#clustering()}`
    if (tokens.take('FOREIGN', 'KEY')) return `${name}FOREIGN KEY ${this.#keyColumns()} ${this.#references()}`
    return `${name}${this.#references()}`
  }

  #clustering(): string {
    const { tokens } = this.#context
    if (!tokens.take('NONCLUSTERED')) tokens.take('CLUSTERED')
    return tokens.is('(') ? ` ${this.#keyColumns()}` : ''
  }

  #references(): string {
    const { tokens } = this.#context
    tokens.expect('REFERENCES')
    let sql = `REFERENCES ${this.#queries.tableName()}`
    if (tokens.is('(')) sql += ` ${this.#keyColumns()}`
    while (tokens.take('ON')) {
      const event = tokens.take('DELETE') ? 'DELETE' : (tokens.expect('UPDATE'), 'UPDATE')
      if (tokens.take('CASCADE')) sql += ` ON ${event} CASCADE`
      else if (tokens.take('SET', 'NULL')) sql += ` ON ${event} SET NULL`
      else tokens.expect('NO', 'ACTION')
    }
    return sql
  }

  #keyColumns(): string {
    const { tokens } = this.#context
    const names = tokens.enclosed(() =>
      tokens.list(() => {
        const name = quoted(tokens.name())
        if (tokens.take('DESC')) throw tokens.unknown('descending keys')
        tokens.take('ASC')
        return name
      }),
    )
    return `(${names.join(', ')})`
  }
}

/** PostgreSQL's BYTEA has no length. */
function sizeCheck(name: string, type: TdsType): string[] {
  if (!isBinary(type) || isMax(type)) return []
  const size = `octet_length(${quoted(name)}) ${type.name === 'binary' ? '=' : '<='} ${type.length}`
  return [`CONSTRAINT ${quoted(`tds_size_${name}`)} CHECK (${size})`]
}
