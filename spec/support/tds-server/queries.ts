import { isDeepStrictEqual } from 'node:util'
import { readCondition } from './conditions.ts'
import { certain, quoted, readExpression, type ExpressionContext } from './expressions.ts'
import { readSortKey } from './functions.ts'
import type { TdsType } from './types.ts'
import { keywordError, SqlError, unknown } from './errors.ts'

/** A column of a result, as far as the text tells; a star stands for any number of them. */
export type OutputColumn =
  | { readonly star: true }
  | { readonly star: false; readonly label: string; readonly type: TdsType | undefined }

export interface TranslatedQuery {
  readonly sql: string
  readonly columns: readonly OutputColumn[]
  /** Of `SELECT … INTO`. */
  readonly into: string | undefined
  /** Positions of the columns that it is ordered by, where it is ordered by columns alone. */
  readonly order: readonly number[]
}

/** Reads SELECT with all that belongs to it. */
export class QueryReader {
  readonly #context: ExpressionContext
  #locks: string[] = []

  constructor(context: ExpressionContext) {
    this.#context = context
  }

  /** `WITH name AS (…)`; empty where there is none. */
  commonTables(): string {
    const { tokens } = this.#context
    if (!tokens.take('WITH')) return ''
    const tables = tokens.list(() => {
      const name = quoted(tokens.name())
      const columns = tokens.is('(') ? this.#names() : ''
      tokens.expect('AS')
      // A query that names itself is recursive, and says so only in PostgreSQL.
      return `${name}${columns} AS ${tokens.enclosed(() => `(${this.query().sql})`)}`
    })
    return `WITH RECURSIVE ${tables.join(', ')} `
  }

  query(): TranslatedQuery {
    const { tokens } = this.#context
    const outer = this.#locks
    this.#locks = []
    const common = this.commonTables()
    const first = this.#block()
    let { sql, columns } = first
    let isCompound = false
    while (tokens.isOneOf('UNION', 'EXCEPT', 'INTERSECT')) {
      const operator = tokens.next().word
      sql += ` ${operator} ${operator === 'UNION' && tokens.take('ALL') ? 'ALL ' : ''}`
      const next = this.#block()
      sql += next.sql
      columns = columns.map((column, at) => merged(column, next.columns[at]))
      isCompound = true
    }
    const order = tokens.take('ORDER', 'BY') ? tokens.list(() => this.#sortKey()) : []
    if (order.length > 0) sql += ` ORDER BY ${order.join(', ')}`
    const page = this.#page(order.length > 0)
    if (page !== '' && first.limit !== '') throw tokens.unknown('TOP together with OFFSET')
    if (first.limit !== '' && isCompound) throw tokens.unknown('TOP in a UNION')
    if (tokens.is('FOR')) throw tokens.unknown('FOR XML and FOR JSON')
    if (tokens.take('OPTION')) this.#skipParentheses()
    const locks = this.#locks.join('')
    this.#locks = outer
    return {
      sql: `${common}${sql}${page}${first.limit}${locks}`,
      columns,
      into: first.into,
      order: positions(order, columns),
    }
  }

  subquery(): string {
    return `(${this.#context.tokens.enclosed(() => this.query().sql)})`
  }

  /** The list behind OUTPUT, with the rows' prefix left out: PostgreSQL returns what was written. */
  outputList(prefix: 'INSERTED' | 'DELETED'): {
    readonly sql: string
    readonly columns: readonly OutputColumn[]
  } {
    const { tokens } = this.#context
    const columns: OutputColumn[] = []
    const items = tokens.list(() => {
      if (tokens.take(prefix, '.', '*')) {
        columns.push({ star: true })
        return '*'
      }
      if (!tokens.take(prefix, '.')) throw tokens.unknown(`OUTPUT of anything but ${prefix}`)
      const name = tokens.name()
      const label = tokens.take('AS') ? tokens.name() : name
      columns.push({ star: false, label, type: undefined })
      return `${quoted(name)} AS ${quoted(label)}`
    })
    if (tokens.is('INTO')) throw tokens.unknown('OUTPUT INTO')
    return { sql: ` RETURNING ${items.join(', ')}`, columns }
  }

  /** `schema.table`, `#temporary`; names of other databases are not known. */
  tableName(): string {
    const { tokens } = this.#context
    const { line } = tokens.token
    const parts = [tokens.name()]
    while (tokens.take('.')) parts.push(tokens.is('.') ? '' : tokens.name())
    const last = parts.at(-1)!
    if (last.startsWith('##')) throw unknown('global temporary tables', line)
    if (last.startsWith('#')) return quoted(last)
    if (parts.length > 2) throw unknown('tables of other databases', line)
    const schema = parts.length === 2 ? parts[0]!.toLowerCase() : ''
    if (schema === 'sys' && last.toLowerCase() === 'databases') return '"tds"."databases"'
    if (schema === 'sys') throw unknown(`sys.${last}`, line)
    return parts.map(quoted).join('.')
  }

  /** `WITH (UPDLOCK, …)`, as clauses of locking. */
  hints(alias: string): void {
    const { tokens } = this.#context
    if (!tokens.is('WITH', '(')) return
    tokens.expect('WITH')
    const words = tokens.enclosed(() => tokens.list(() => tokens.next().word))
    const strange = words.find((word) => !knownHints.has(word))
    if (strange !== undefined) throw tokens.unknown(`the table hint ${strange}`)
    const wait = words.includes('READPAST') ? ' SKIP LOCKED' : words.includes('NOWAIT') ? ' NOWAIT' : ''
    if (words.includes('UPDLOCK') || words.includes('XLOCK'))
      this.#locks.push(` FOR UPDATE OF ${alias}${wait}`)
    else if (words.includes('REPEATABLEREAD')) this.#locks.push(` FOR SHARE OF ${alias}${wait}`)
    else if (wait !== '') throw tokens.unknown('READPAST and NOWAIT without UPDLOCK')
  }

  from(): string {
    const { tokens } = this.#context
    return ` FROM ${tokens.list(() => this.#joined()).join(', ')}`
  }

  #block(): { sql: string; columns: OutputColumn[]; limit: string; into: string | undefined } {
    const { tokens } = this.#context
    if (tokens.is('(')) {
      const { sql, columns } = tokens.enclosed(() => this.query())
      return { sql: `(${sql})`, columns: [...columns], limit: '', into: undefined }
    }
    tokens.expect('SELECT')
    let sql = 'SELECT '
    if (tokens.take('DISTINCT')) sql += 'DISTINCT '
    else tokens.take('ALL')
    const limit = this.#top()
    const columns: OutputColumn[] = []
    if (tokens.is('FROM')) throw keywordError('FROM', tokens.token.line)
    sql += tokens.list(() => this.#item(columns)).join(', ')
    const into = tokens.take('INTO') ? this.tableName() : undefined
    if (tokens.take('FROM')) sql += ` FROM ${tokens.list(() => this.#joined()).join(', ')}`
    if (tokens.take('WHERE')) sql += ` WHERE ${readCondition(this.#context)}`
    if (tokens.take('GROUP', 'BY'))
      sql += ` GROUP BY ${tokens.list(() => readExpression(this.#context).sql).join(', ')}`
    if (tokens.take('HAVING')) sql += ` HAVING ${readCondition(this.#context)}`
    return { sql, columns, limit, into }
  }

  #top(): string {
    const { tokens } = this.#context
    if (!tokens.take('TOP')) return ''
    const count = tokens.is('(')
      ? tokens.enclosed(() => readExpression(this.#context).sql)
      : String(tokens.integer())
    if (tokens.is('PERCENT') || tokens.is('WITH', 'TIES')) throw tokens.unknown('TOP … PERCENT and WITH TIES')
    return ` LIMIT ${count}`
  }

  #item(columns: OutputColumn[]): string {
    const { tokens } = this.#context
    if (tokens.take('*')) {
      columns.push({ star: true })
      return '*'
    }
    if (tokens.isName() && tokens.peek().word === '.' && tokens.peek(2).word === '*') {
      const table = quoted(tokens.name())
      tokens.expect('.', '*')
      columns.push({ star: true })
      return `${table}.*`
    }
    if (tokens.token.kind === 'variable' && tokens.peek().word === '=')
      throw tokens.unknown('SELECT @variable =')
    let label = tokens.isName() && tokens.peek().word === '=' ? tokens.name() : undefined
    if (label !== undefined) tokens.expect('=')
    const value = readExpression(this.#context)
    const { line } = tokens.token
    if (label === undefined && (tokens.take('AS') || tokens.isName())) {
      label = tokens.token.kind === 'text' ? tokens.anyText() : tokens.name()
    }
    if (label === '') throw noLabel(line)
    columns.push({ star: false, label: label ?? value.label ?? '', type: value.type })
    return label === undefined ? value.sql : `${certain(value)} AS ${quoted(label)}`
  }

  #joined(): string {
    const { tokens } = this.#context
    let sql = this.#table()
    for (;;) {
      if (tokens.take('CROSS', 'JOIN')) sql += ` CROSS JOIN ${this.#table()}`
      else if (tokens.take('CROSS', 'APPLY')) sql += ` CROSS JOIN LATERAL ${this.#table()}`
      else if (tokens.take('OUTER', 'APPLY')) sql += ` LEFT JOIN LATERAL ${this.#table()} ON true`
      else {
        const kind = tokens.isOneOf('INNER', 'LEFT', 'RIGHT', 'FULL') ? tokens.next().word : ''
        if (kind !== '' && kind !== 'INNER') tokens.take('OUTER')
        if (kind === '' && !tokens.is('JOIN')) return sql
        tokens.expect('JOIN')
        const table = this.#table()
        tokens.expect('ON')
        sql += ` ${kind} JOIN ${table} ON ${readCondition(this.#context)}`
      }
    }
  }

  #table(): string {
    const { tokens } = this.#context
    if (tokens.is('(')) {
      const inner = tokens.enclosed(() => (tokens.is('VALUES') ? this.values() : this.query().sql))
      tokens.take('AS')
      const alias = quoted(tokens.name())
      return `(${inner}) AS ${alias}${tokens.is('(') ? this.#names() : ''}`
    }
    if (tokens.is('GENERATE_SERIES', '(')) return this.#series()
    const name = this.tableName()
    if (tokens.is('(')) throw tokens.unknown(`the function ${name} as a table`)
    let alias: string | undefined
    if (tokens.take('AS') || tokens.isName()) alias = quoted(tokens.name())
    this.hints(alias ?? (name.includes('"."') ? name.slice(name.lastIndexOf('"."') + 2) : name))
    return alias === undefined ? name : `${name} AS ${alias}`
  }

  /** Rows of values, with a cast for texts that no column tells a type of. */
  values(): string {
    const { tokens } = this.#context
    tokens.expect('VALUES')
    const rows = tokens.list(() =>
      tokens.enclosed(() => tokens.list(() => certain(readExpression(this.#context))).join(', ')),
    )
    return `VALUES ${rows.map((row) => `(${row})`).join(', ')}`
  }

  #series(): string {
    const { tokens } = this.#context
    tokens.next()
    const given = tokens.enclosed(() => tokens.list(() => readExpression(this.#context).sql))
    tokens.take('AS')
    const alias = tokens.isName() ? quoted(tokens.name()) : '"generate_series"'
    return `generate_series(${given.join(', ')}) AS ${alias}("value")`
  }

  #names(): string {
    const { tokens } = this.#context
    return `(${tokens.enclosed(() => tokens.list(() => quoted(tokens.name()))).join(', ')})`
  }

  #sortKey(): string {
    const { tokens } = this.#context
    if (tokens.is('(', 'SELECT', 'NULL', ')')) {
      for (let count = 0; count < 4; count++) tokens.next()
      return '(SELECT NULL)'
    }
    return readSortKey(this.#context)
  }

  #page(isOrdered: boolean): string {
    const { tokens } = this.#context
    if (!tokens.take('OFFSET')) return ''
    if (!isOrdered) throw tokens.wrong()
    let sql = ` OFFSET ${readExpression(this.#context).sql}`
    if (!tokens.take('ROWS')) tokens.expect('ROW')
    if (tokens.take('FETCH')) {
      if (!tokens.take('NEXT')) tokens.expect('FIRST')
      sql += ` LIMIT ${readExpression(this.#context).sql}`
      if (!tokens.take('ROWS')) tokens.expect('ROW')
      tokens.expect('ONLY')
    }
    return sql
  }

  #skipParentheses(): void {
    const { tokens } = this.#context
    tokens.expect('(')
    for (let depth = 1; depth > 0;) {
      const { kind, word } = tokens.next()
      if (kind === 'end') throw tokens.wrong()
      if (word === '(') depth++
      if (word === ')') depth--
    }
  }
}

function noLabel(line: number): SqlError {
  const text =
    'An object or column name is missing or empty. For SELECT INTO statements, verify each column has a name. For other statements, look for empty alias names. Aliases defined as "" or [] are not allowed. Change the alias to a valid name.'
  return new SqlError(1038, text, { severity: 15, state: 4, scope: 'batch', line })
}

const knownHints = new Set(
  'UPDLOCK XLOCK ROWLOCK NOLOCK READUNCOMMITTED READCOMMITTED READPAST NOWAIT REPEATABLEREAD'.split(' '),
)

/** A type is certain only where both queries have it. */
function merged(column: OutputColumn, other: OutputColumn | undefined): OutputColumn {
  if (column.star) return column
  const isSame = other && !other.star && isDeepStrictEqual(column.type, other.type)
  return { ...column, type: isSame ? column.type : undefined }
}

function positions(order: readonly string[], columns: readonly OutputColumn[]): number[] {
  const found = order.map((key) => {
    const name = /^"((?:[^"]|"")*)" (?:ASC|DESC)/.exec(key)?.[1]?.replaceAll('""', '"')
    return columns.findIndex((column) => !column.star && column.label.toLowerCase() === name) + 1
  })
  return columns.some(({ star }) => star) || found.includes(0) ? [] : found
}
