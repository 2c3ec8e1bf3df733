import { computedType, isWhole } from './arithmetic.ts'
import { readCondition } from './conditions.ts'
import { commonType, converted } from './conversions.ts'
import { SqlError, syntaxError } from './errors.ts'
import { translateFunction } from './functions.ts'
import { postgresType } from './postgres-types.ts'
import { readType } from './sql-types.ts'
import type { TokenStream } from './token-stream.ts'
import { isBinary, isDecimal, isMax, isText, type TdsType } from './types.ts'

/** A value, in the words of PostgreSQL. */
export interface Expression {
  readonly sql: string
  /** Of SQL Server, where it is known before the statement runs. */
  readonly type?: TdsType | undefined
  /** A text that PostgreSQL may take for what its surroundings want, as SQL Server converts it. */
  readonly isLoose?: boolean
  /** What the column is called, if nothing else is said. */
  readonly label?: string
}

export interface ExpressionContext {
  readonly tokens: TokenStream
  /** The type of `@name`; undefined: not declared. */
  typeOf(variable: string): TdsType | undefined
  /** A SELECT, with the parentheses around it. */
  subquery(): string
}

/** Stands in the translated text for a variable, or for what a session knows, until the statement runs. */
export function slot(name: string): string {
  return `\0${name}\0`
}

/** With a type that is certain, where PostgreSQL could not find one. */
export function certain({ sql, isLoose }: Expression): string {
  return isLoose ? `CAST(${sql} AS text)` : sql
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** Names are compared without regard to case. */
export function quoted(name: string): string {
  return `"${name.toLowerCase().replaceAll('"', '""')}"`
}

const additive = new Set(['+', '-', '&', '|', '^'])
const multiplicative = new Set(['*', '/', '%'])

export function readExpression(context: ExpressionContext): Expression {
  const { tokens } = context
  let left = readProduct(context)
  while (additive.has(tokens.token.word)) {
    const operator = tokens.next().word
    left = combine(operator, left, readProduct(context))
  }
  return left
}

function readProduct(context: ExpressionContext): Expression {
  const { tokens } = context
  let left = readFactor(context)
  while (multiplicative.has(tokens.token.word)) {
    const operator = tokens.next().word
    left = combine(operator, left, readFactor(context))
  }
  return left
}

function combine(operator: string, left: Expression, right: Expression): Expression {
  if (operator === '+' && isTextLike(left) && isTextLike(right)) {
    return { sql: `(${certain(left)} || ${certain(right)})`, type: joined(left.type, right.type) }
  }
  const type =
    operator === '+' || left.isLoose !== true ? computedType(operator, left.type, right.type) : undefined
  const sql = `(${left.sql} ${operator === '^' ? '#' : operator} ${right.sql})`
  if (type === undefined || !isDecimal(type)) return { sql, type: isWhole(type) ? type : undefined }
  const exact = operator === '/' ? `trunc(${sql}, ${type.scale})` : sql
  return { sql: `CAST(${exact} AS ${postgresType(type)})`, type }
}

function isTextLike({ type, isLoose }: Expression): boolean {
  return isLoose === true || (type !== undefined && isText(type))
}

function joined(left: TdsType | undefined, right: TdsType | undefined): TdsType | undefined {
  if (!left || !right) return undefined
  const name = left.name.startsWith('n') || right.name.startsWith('n') ? 'nvarchar' : 'varchar'
  if (isMax(left) || isMax(right)) return { name, length: Infinity }
  return {
    name,
    length: Math.min((left.length ?? 0) + (right.length ?? 0), name === 'nvarchar' ? 4_000 : 8_000),
  }
}

function readFactor(context: ExpressionContext): Expression {
  const { tokens } = context
  if (tokens.isOneOf('-', '+', '~')) {
    const sign = tokens.next().word
    const { sql, type } = readFactor(context)
    // -2147483648 is an INT, though 2147483648 is none.
    if (sign === '-' && sql === '2147483648::numeric') return { sql: '(-2147483648)', type: { name: 'int' } }
    return { sql: `(${sign} ${sql})`, type }
  }
  let value = readPrimary(context)
  while (tokens.take('COLLATE')) {
    const collation = tokens.name()
    if (!/_BIN2?$/i.test(collation)) throw tokens.unknown(`the collation ${collation}`)
    value = { ...value, sql: `(${certain(value)} COLLATE "C")`, isLoose: false }
  }
  return value
}

function readPrimary(context: ExpressionContext): Expression {
  const { tokens } = context
  const { kind, text, line } = tokens.token
  switch (kind) {
    case 'text':
    case 'wide text':
      tokens.next()
      return {
        sql: literal(text),
        type: { name: kind === 'text' ? 'varchar' : 'nvarchar', length: Math.max(text.length, 1) },
        isLoose: true,
      }
    case 'number':
      tokens.next()
      return readNumber(text)
    case 'binary':
      tokens.next()
      return {
        sql: `'\\x${text.length % 2 === 0 ? '' : '0'}${text.slice(2)}'::bytea`,
        type: { name: 'varbinary', length: Math.max(Math.ceil((text.length - 2) / 2), 1) },
      }
    case 'variable':
      tokens.next()
      return readVariable(context, text, line)
    case 'sign':
      if (!tokens.is('(')) throw tokens.wrong()
      if (tokens.is('(', 'SELECT') || tokens.is('(', 'WITH')) return { sql: context.subquery() }
      return tokens.enclosed(() => {
        const inner = readExpression(context)
        return { ...inner, sql: inner.isLoose ? inner.sql : `(${inner.sql})` }
      })
    case 'end':
      throw syntaxError(text, line)
    case 'word':
    case 'name':
      return readNamed(context)
  }
}

function readNumber(text: string): Expression {
  if (/e/i.test(text)) return { sql: `CAST(${text} AS double precision)`, type: { name: 'float' } }
  if (/^\d+$/.test(text) && Number(text) <= 2_147_483_647) return { sql: text, type: { name: 'int' } }
  const [whole = '', places = ''] = text.split('.')
  const significant = whole.replace(/^0+/, '')
  const precision = Math.max(significant.length + places.length, 1)
  if (precision > 38) {
    throw new SqlError(
      1007,
      `The number '${text}' is out of the range for numeric representation (maximum precision 38).`,
      {
        severity: 15,
        scope: 'batch',
      },
    )
  }
  return { sql: `${text}::numeric`, type: { name: 'numeric', precision, scale: places.length } }
}

const sessionValues: Readonly<Record<string, TdsType>> = {
  '@@TRANCOUNT': { name: 'int' },
  '@@SPID': { name: 'smallint' },
  '@@ROWCOUNT': { name: 'int' },
  '@@ERROR': { name: 'int' },
  '@@VERSION': { name: 'nvarchar', length: 300 },
  '@@SERVERNAME': { name: 'nvarchar', length: 128 },
  '@@LOCK_TIMEOUT': { name: 'int' },
  '@@DATEFIRST': { name: 'tinyint' },
  '@@MAX_PRECISION': { name: 'tinyint' },
  '@@OPTIONS': { name: 'int' },
}

function readVariable(context: ExpressionContext, text: string, line: number): Expression {
  const name = text.toUpperCase()
  if (name === '@@IDENTITY')
    return { sql: 'tds.identity()', type: { name: 'numeric', precision: 38, scale: 0 } }
  if (name.startsWith('@@')) {
    const type = sessionValues[name]
    if (!type) throw context.tokens.unknown(text)
    return { sql: `CAST(${slot(name)} AS ${postgresType(type)})`, type }
  }
  const type = context.typeOf(name)
  if (!type) {
    throw new SqlError(137, `Must declare the scalar variable "${text}".`, {
      severity: 15,
      state: 2,
      scope: 'batch',
      line,
    })
  }
  if (isText(type)) return { sql: slot(name), type, isLoose: true }
  const postgres = isBinary(type) ? 'bytea' : postgresType(type)
  return { sql: `CAST(${slot(name)} AS ${postgres})`, type }
}

function readNamed(context: ExpressionContext): Expression {
  const { tokens } = context
  const { token } = tokens
  if (token.kind === 'word') {
    switch (token.word) {
      case 'NULL':
        tokens.next()
        return { sql: 'NULL', type: { name: 'int' } }
      case 'CASE':
        return readCase(context)
      case 'CAST':
      case 'TRY_CAST':
        tokens.next()
        if (token.word === 'TRY_CAST') throw tokens.unknown('TRY_CAST')
        return tokens.enclosed(() => {
          const value = readExpression(context)
          tokens.expect('AS')
          return converted(value, readType(tokens, true))
        })
      case 'CONVERT':
        tokens.next()
        return tokens.enclosed(() => {
          const type = readType(tokens, true)
          tokens.expect(',')
          const value = readExpression(context)
          if (tokens.is(',')) throw tokens.unknown('the styles of CONVERT')
          return converted(value, type)
        })
      default:
    }
    const special = translateFunction(context)
    if (special) return special
  }
  return readColumn(context)
}

function readColumn({ tokens }: ExpressionContext): Expression {
  const parts = [tokens.name()]
  while (tokens.is('.') && !tokens.is('.', '*')) {
    tokens.next()
    parts.push(tokens.name())
  }
  if (parts.length > 3) throw tokens.unknown('columns of other databases')
  return { sql: parts.map(quoted).join('.'), label: parts.at(-1)! }
}

function readCase(context: ExpressionContext): Expression {
  const { tokens } = context
  tokens.expect('CASE')
  const operand = tokens.is('WHEN') ? '' : `${readExpression(context).sql} `
  const branches: Expression[] = []
  let sql = `CASE ${operand}`
  while (tokens.take('WHEN')) {
    const when = operand === '' ? readCondition(context) : readExpression(context).sql
    tokens.expect('THEN')
    const value = readExpression(context)
    branches.push(value)
    sql += `WHEN ${when} THEN ${value.sql} `
  }
  if (tokens.take('ELSE')) {
    const value = readExpression(context)
    branches.push(value)
    sql += `ELSE ${value.sql} `
  }
  tokens.expect('END')
  return { sql: `${sql}END`, type: commonType(branches) }
}
