import type { SqlTypeName } from '../api/sql-types.ts'
import { syntaxError } from './server-errors.ts'

/** A value to compute. Operators are applied from left to right. */
export type Expression =
  | { readonly kind: 'parameter'; readonly index: number }
  | { readonly kind: 'literal'; readonly value: string | number | null | boolean }
  | { readonly kind: 'column'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly Expression[] }
  | {
      readonly kind: 'binary'
      readonly operator: string
      readonly left: Expression
      readonly right: Expression
    }

export interface ColumnDefinition {
  readonly name: string
  readonly type: SqlTypeName
  readonly databaseType: string
  readonly unique: boolean
  readonly notNull: boolean
}

export interface Condition {
  readonly left: Expression
  readonly operator: string
  readonly right: Expression
}

export interface SelectStatement {
  readonly kind: 'select'
  readonly items: readonly { readonly expression: Expression | 'star'; readonly label: string }[]
  readonly from: { readonly table: string } | { readonly series: Expression } | undefined
  readonly where: readonly Condition[]
  readonly orderBy: { readonly column: string; readonly descending: boolean } | undefined
  readonly limit: Expression | undefined
}

/** The statements that the scripted database understands. */
export type ScriptedStatement =
  | SelectStatement
  | {
      readonly kind: 'insert'
      readonly table: string
      readonly columns: readonly string[]
      readonly rows: readonly (readonly Expression[])[]
      /** Columns of the inserted rows that are told. */
      readonly keys?: readonly string[] | undefined
    }
  | {
      readonly kind: 'update'
      readonly table: string
      readonly sets: readonly { readonly column: string; readonly value: Expression }[]
      readonly where: readonly Condition[]
    }
  | { readonly kind: 'delete'; readonly table: string; readonly where: readonly Condition[] }
  | { readonly kind: 'create'; readonly table: string; readonly columns: readonly ColumnDefinition[] }
  | { readonly kind: 'drop'; readonly table: string; readonly ifExists: boolean }
  | { readonly kind: 'set'; readonly name: string; readonly value: Expression }
  | { readonly kind: 'begin' | 'commit' }
  | { readonly kind: 'rollback'; readonly savepoint: string | undefined }
  | { readonly kind: 'savepoint' | 'release'; readonly savepoint: string }

const types: Readonly<Record<string, SqlTypeName>> = {
  INT: 'INTEGER',
  INTEGER: 'INTEGER',
  BIGINT: 'BIGINT',
  DOUBLE: 'DOUBLE',
  DECIMAL: 'DECIMAL',
  BOOLEAN: 'BOOLEAN',
  TEXT: 'VARCHAR',
  VARCHAR: 'VARCHAR',
  BLOB: 'VARBINARY',
}

/** Reads one text of several statements. */
export function parseScript(sql: string): readonly ScriptedStatement[] {
  const parser = new Parser(sql)
  const statements: ScriptedStatement[] = []
  while (!parser.ended()) statements.push(parser.statement())
  return statements
}

/** Reads a text of exactly one statement; a semicolon may end it. */
export function parseStatement(sql: string): ScriptedStatement {
  const parser = new Parser(sql)
  const statement = parser.statement()
  if (!parser.ended()) throw syntaxError('More than one statement in one text')
  return statement
}

class Parser {
  readonly #tokens: readonly string[]
  #at = 0
  #parameters = 0

  constructor(sql: string) {
    this.#tokens = tokens(sql)
  }

  ended(): boolean {
    while (this.#take(';'));
    return this.#at === this.#tokens.length
  }

  statement(): ScriptedStatement {
    while (this.#take(';'));
    this.#parameters = 0
    const statement = this.#statement(this.#next().toUpperCase())
    const after = this.#tokens[this.#at]
    if (after !== undefined && after !== ';') throw syntaxError(`Syntax error near ${after}`)
    return statement
  }

  #statement(verb: string): ScriptedStatement {
    switch (verb) {
      case 'SELECT':
        return this.#select()
      case 'INSERT':
        return this.#insert()
      case 'UPDATE': {
        const table = this.#name()
        this.#expect('SET')
        const sets = this.#separated(() => {
          const column = this.#name()
          this.#expect('=')
          return { column, value: this.#expression() }
        })
        return { kind: 'update', table, sets, where: this.#where() }
      }
      case 'DELETE':
        this.#expect('FROM')
        return { kind: 'delete', table: this.#name(), where: this.#where() }
      case 'CREATE':
        this.#expect('TABLE')
        return { kind: 'create', table: this.#name(), columns: this.#list(() => this.#columnDefinition()) }
      case 'DROP': {
        this.#expect('TABLE')
        const ifExists = this.#take('IF')
        if (ifExists) this.#expect('EXISTS')
        return { kind: 'drop', table: this.#name(), ifExists }
      }
      case 'SET': {
        const name = this.#name()
        this.#expect('=')
        return { kind: 'set', name, value: this.#expression() }
      }
      case 'BEGIN':
        return { kind: 'begin' }
      case 'COMMIT':
        return { kind: 'commit' }
      case 'ROLLBACK':
        return { kind: 'rollback', savepoint: this.#take('TO') ? this.#name() : undefined }
      case 'SAVEPOINT':
        return { kind: 'savepoint', savepoint: this.#name() }
      case 'RELEASE':
        return { kind: 'release', savepoint: this.#name() }
      default:
        throw syntaxError(`Syntax error near ${verb}`)
    }
  }

  #select(): SelectStatement {
    const items = this.#separated(() => {
      if (this.#take('*')) return { expression: 'star' as const, label: '*' }
      const expression = this.#expression()
      return { expression, label: this.#take('AS') ? this.#name() : defaultLabel(expression) }
    })
    const from = this.#take('FROM') ? this.#source() : undefined
    const where = this.#where()
    let orderBy: SelectStatement['orderBy']
    if (this.#take('ORDER')) {
      this.#expect('BY')
      orderBy = { column: this.#name(), descending: this.#take('DESC') }
    }
    return {
      kind: 'select',
      items,
      from,
      where,
      orderBy,
      limit: this.#take('LIMIT') ? this.#expression() : undefined,
    }
  }

  #source(): { table: string } | { series: Expression } {
    const table = this.#name()
    if (table !== 'series' || !this.#take('(')) return { table }
    const series = this.#expression()
    this.#expect(')')
    return { series }
  }

  #insert(): ScriptedStatement {
    this.#expect('INTO')
    const table = this.#name()
    const columns = this.#list(() => this.#name())
    this.#expect('VALUES')
    const rows = this.#separated(() => this.#list(() => this.#expression()))
    if (rows.some((row) => row.length !== columns.length))
      throw syntaxError('As many values as columns are needed')
    return { kind: 'insert', table, columns, rows }
  }

  #columnDefinition(): ColumnDefinition {
    const name = this.#name()
    let databaseType = this.#next().toUpperCase()
    const type = types[databaseType]
    if (type === undefined) throw syntaxError(`There is no type ${databaseType}`)
    if (this.#take('(')) {
      const lengths = this.#separated(() => this.#next())
      this.#expect(')')
      databaseType += `(${lengths.join(',')})`
    }
    let unique = false
    let notNull = false
    for (;;) {
      if (this.#take('PRIMARY')) {
        this.#expect('KEY')
        unique = notNull = true
      } else if (this.#take('NOT')) {
        this.#expect('NULL')
        notNull = true
      } else if (this.#take('UNIQUE')) {
        unique = true
      } else {
        return { name, type, databaseType, unique, notNull }
      }
    }
  }

  #where(): Condition[] {
    const conditions: Condition[] = []
    if (!this.#take('WHERE')) return conditions
    do {
      const left = this.#expression()
      const operator = this.#next()
      if (!['=', '<>', '<', '>', '<=', '>='].includes(operator))
        throw syntaxError(`Syntax error near ${operator}`)
      conditions.push({ left, operator, right: this.#expression() })
    } while (this.#take('AND'))
    return conditions
  }

  #expression(): Expression {
    let left = this.#operand()
    for (;;) {
      const operator = ['+', '-', '*'].find((candidate) => this.#take(candidate))
      if (operator === undefined) return left
      left = { kind: 'binary', operator, left, right: this.#operand() }
    }
  }

  #operand(): Expression {
    const token = this.#next()
    if (token === '?') return { kind: 'parameter', index: this.#parameters++ }
    if (token.startsWith("'")) return { kind: 'literal', value: token.slice(1, -1).replaceAll("''", "'") }
    if (/^\d/.test(token)) return { kind: 'literal', value: Number(token) }
    if (token === '-') return { kind: 'literal', value: -Number(this.#next()) }
    const word = token.toUpperCase()
    if (word === 'NULL') return { kind: 'literal', value: null }
    if (word === 'TRUE' || word === 'FALSE') return { kind: 'literal', value: word === 'TRUE' }
    this.#at--
    const name = this.#name()
    if (!this.#take('(')) return { kind: 'column', name }
    if (this.#take('*')) {
      this.#expect(')')
      return { kind: 'call', name, arguments: [] }
    }
    const given = this.#take(')') ? [] : this.#separated(() => this.#expression())
    if (given.length > 0) this.#expect(')')
    return { kind: 'call', name, arguments: given }
  }

  #list<T>(read: () => T): T[] {
    this.#expect('(')
    const items = this.#separated(read)
    this.#expect(')')
    return items
  }

  #separated<T>(read: () => T): T[] {
    const items = [read()]
    while (this.#take(',')) items.push(read())
    return items
  }

  /** A name: folded to lower case unless quoted. */
  #name(): string {
    const token = this.#next()
    if (token.startsWith('"')) return token.slice(1, -1).replaceAll('""', '"')
    if (!/^[a-z_]/i.test(token)) throw syntaxError(`Syntax error near ${token}`)
    return token.toLowerCase()
  }

  #next(): string {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw syntaxError('Syntax error at the end of the text')
    return token
  }

  #take(word: string): boolean {
    if (this.#tokens[this.#at]?.toUpperCase() !== word) return false
    this.#at++
    return true
  }

  #expect(word: string): void {
    const token = this.#tokens[this.#at]
    if (!this.#take(word))
      throw syntaxError(`Syntax error near ${token ?? 'the end of the text'}: ${word} is missing`)
  }
}

function tokens(sql: string): string[] {
  const pattern =
    /\s+|--[^\n]*|\/\*[\s\S]*?\*\/|('(?:[^']|'')*'|"(?:[^"]|"")*"|\w+(?:\.\d+)?|<>|<=|>=|[?()*,;=<>+-])/gy
  const found: string[] = []
  while (pattern.lastIndex < sql.length) {
    const at = pattern.lastIndex
    const match = pattern.exec(sql)
    if (match === null) throw syntaxError(`Syntax error near ${sql.slice(at, at + 20)}`)
    if (match[1] !== undefined) found.push(match[1])
  }
  return found
}

function defaultLabel(expression: Expression): string {
  return expression.kind === 'column' || expression.kind === 'call' ? expression.name : '?column?'
}
