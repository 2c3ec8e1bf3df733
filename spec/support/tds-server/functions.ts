import { isWhole } from './arithmetic.ts'
import { serverVersion } from './version.ts'
import { SqlError } from './errors.ts'
import { readCondition } from './conditions.ts'
import { commonType } from './conversions.ts'
import {
  certain,
  literal,
  readExpression,
  slot,
  type Expression,
  type ExpressionContext,
} from './expressions.ts'
import { isText, type TdsType } from './types.ts'

type Arguments = readonly Expression[]
type Translation = (given: Arguments, context: ExpressionContext) => Expression

interface FunctionRow {
  readonly least: number
  readonly most: number
  readonly translate: Translation
}

const int: TdsType = { name: 'int' }
const float: TdsType = { name: 'float' }
const datetime: TdsType = { name: 'datetime' }
const precise: TdsType = { name: 'datetime2', scale: 7 }

/** As in PostgreSQL, with texts that are texts. */
function same(sql: string, type?: TdsType | 'first'): Translation {
  return (given) => ({
    sql: `${sql}(${given.map(certain).join(', ')})`,
    type: type === 'first' ? given[0]!.type : type,
  })
}

function constant(sql: string, type: TdsType): FunctionRow {
  return { least: 0, most: 0, translate: () => ({ sql, type }) }
}

function row(least: number, most: number, translate: Translation): FunctionRow {
  return { least, most, translate }
}

const utcNow = "(clock_timestamp() AT TIME ZONE 'UTC')"

const functions: Readonly<Record<string, FunctionRow>> = {
  ABS: row(1, 1, same('abs', 'first')),
  CEILING: row(1, 1, same('ceil')),
  FLOOR: row(1, 1, same('floor')),
  SIGN: row(1, 1, same('sign')),
  SQRT: row(1, 1, ([value]) => ({ sql: `sqrt(CAST(${value!.sql} AS double precision))`, type: float })),
  POWER: row(2, 2, same('power')),
  ROUND: row(2, 2, ([value, places]) => ({ sql: `round(CAST(${value!.sql} AS numeric), ${places!.sql})` })),
  PI: constant('pi()', float),
  UPPER: row(1, 1, same('tds.upper', 'first')),
  LOWER: row(1, 1, same('tds.lower', 'first')),
  LTRIM: row(1, 1, same('ltrim', 'first')),
  RTRIM: row(1, 1, same('rtrim', 'first')),
  TRIM: row(1, 1, same('btrim', 'first')),
  LEN: row(1, 1, ([text]) => ({ sql: `length(rtrim(${certain(text!)}))`, type: int })),
  DATALENGTH: row(1, 1, same('tds.data_length', int)),
  LEFT: row(2, 2, same('tds.left_of', 'first')),
  RIGHT: row(2, 2, same('tds.right_of', 'first')),
  SUBSTRING: row(3, 3, same('substring', 'first')),
  REPLACE: row(3, 3, same('replace')),
  REPLICATE: row(2, 2, same('repeat')),
  SPACE: row(1, 1, ([count]) => ({ sql: `repeat(' ', ${count!.sql})` })),
  CHARINDEX: row(2, 2, ([wanted, text]) => ({
    sql: `strpos(${certain(text!)}, ${certain(wanted!)})`,
    type: int,
  })),
  CONCAT: row(2, 254, same('concat')),
  COALESCE: row(1, 100, firstOf),
  ISNULL: row(2, 2, (given) => ({ ...firstOf(given), type: typed(given)?.type })),
  NULLIF: row(2, 2, (given) => ({ sql: `NULLIF(${list(given)})`, type: typed(given)?.type })),
  GETDATE: constant(`CAST(${utcNow} AS timestamp(3))`, datetime),
  GETUTCDATE: constant(`CAST(${utcNow} AS timestamp(3))`, datetime),
  SYSDATETIME: constant(utcNow, precise),
  SYSUTCDATETIME: constant(utcNow, precise),
  SYSDATETIMEOFFSET: constant('clock_timestamp()', { name: 'datetimeoffset', scale: 7 }),
  NEWID: constant('gen_random_uuid()', { name: 'uniqueidentifier' }),
  YEAR: row(1, 1, part('year')),
  MONTH: row(1, 1, part('month')),
  DAY: row(1, 1, part('day')),
  SCOPE_IDENTITY: constant('tds.identity()', { name: 'numeric', precision: 38, scale: 0 }),
  DB_NAME: constant('current_database()', { name: 'nvarchar', length: 128 }),
  APP_NAME: constant(slot('APP_NAME'), { name: 'nvarchar', length: 128 }),
  SUSER_SNAME: constant(slot('LOGIN'), { name: 'nvarchar', length: 128 }),
  SCHEMA_NAME: constant(`'dbo'`, { name: 'nvarchar', length: 128 }),
  XACT_STATE: constant(`CAST(${slot('XACT_STATE')} AS smallint)`, { name: 'smallint' }),
  OBJECT_ID: row(1, 2, objectId),
  SERVERPROPERTY: row(1, 1, serverProperty),
  // Only what TDS server and translator have to do with; the kind of the object is not looked at.
  COUNT: row(1, 1, same('count', int)),
  COUNT_BIG: row(1, 1, same('count', { name: 'bigint' })),
  SUM: row(1, 1, same('tds.sum')),
  MIN: row(1, 1, same('min', 'first')),
  MAX: row(1, 1, same('max', 'first')),
  AVG: row(1, 1, same('tds.avg')),
  ROW_NUMBER: constant('row_number()', { name: 'bigint' }),
}

const aggregates = new Set(['COUNT', 'COUNT_BIG', 'SUM', 'MIN', 'MAX', 'AVG'])

/** T-SQL has them, this server has not. */
const notHere = new Set(
  `ACOS ASCII ASIN ATAN ATN2 CHAR CHECKSUM CHOOSE COL_LENGTH COS COT CUME_DIST CURSOR_STATUS DATEADD DATEDIFF
  DATEDIFF_BIG DATENAME DATEPART DB_ID DEGREES DENSE_RANK DIFFERENCE EOMONTH ERROR_MESSAGE ERROR_NUMBER EXP
  FIRST_VALUE FORMAT GREATEST GROUPING HASHBYTES HOST_NAME IDENT_CURRENT ISDATE ISJSON ISNUMERIC JSON_MODIFY JSON_QUERY
  JSON_VALUE LAG LAST_VALUE LEAD LEAST LOG LOG10 NCHAR NEWSEQUENTIALID NTILE OBJECT_NAME OBJECT_SCHEMA_NAME PARSE
  PATINDEX PERCENT_RANK PERMISSIONS QUOTENAME RADIANS RAND RANK REVERSE SIN SOUNDEX STDEV STR
  STRING_AGG STRING_SPLIT STUFF SWITCHOFFSET SYSTEM_USER TAN TODATETIMEOFFSET TRANSLATE TRY_CONVERT TRY_PARSE TYPE_ID
  UNICODE USER_NAME VAR`.split(/\s+/),
)

/** A function where one comes; else undefined, and a column or a syntax error it is. */
export function translateFunction(context: ExpressionContext): Expression | undefined {
  const { tokens } = context
  const { word, text, line } = tokens.token
  if (word === 'CURRENT_TIMESTAMP') {
    tokens.next()
    return { sql: `CAST(${utcNow} AS timestamp(3))`, type: datetime }
  }
  if (tokens.peek().word !== '(') return undefined
  if (word === 'IIF') return conditional(context)
  const found = functions[word]
  if (found === undefined) {
    if (notHere.has(word)) throw tokens.unknown(`the function ${word}`)
    throw new SqlError(195, `'${text}' is not a recognized built-in function name.`, {
      severity: 15,
      state: 10,
      scope: 'batch',
      line,
    })
  }
  tokens.next()
  const isDistinct = aggregates.has(word) && tokens.is('(', 'DISTINCT')
  const given = readArguments(context, aggregates.has(word))
  if (given.length < found.least || given.length > found.most) {
    throw new SqlError(174, `The ${text.toLowerCase()} function requires ${found.least} argument(s).`, {
      severity: 15,
      scope: 'batch',
      line,
    })
  }
  const value = found.translate(given, context)
  const sql = isDistinct ? value.sql.replace('(', '(DISTINCT ') : value.sql
  return { sql: tokens.is('OVER') ? `${sql} ${readWindow(context)}` : sql, type: value.type }
}

function readArguments(context: ExpressionContext, isAggregate: boolean): Expression[] {
  const { tokens } = context
  tokens.expect('(')
  if (tokens.take(')')) return []
  if (isAggregate && tokens.take('*', ')')) return [{ sql: '*' }]
  if (isAggregate) tokens.take('DISTINCT')
  const given = tokens.list(() => readExpression(context))
  tokens.expect(')')
  return given
}

function readWindow(context: ExpressionContext): string {
  const { tokens } = context
  tokens.expect('OVER')
  return tokens.enclosed(() => {
    const parts: string[] = []
    if (tokens.take('PARTITION', 'BY')) {
      parts.push(`PARTITION BY ${tokens.list(() => readExpression(context).sql).join(', ')}`)
    }
    if (tokens.take('ORDER', 'BY'))
      parts.push(`ORDER BY ${tokens.list(() => readSortKey(context)).join(', ')}`)
    return `OVER (${parts.join(' ')})`
  })
}

/** NULL comes first in SQL Server, and last in PostgreSQL. */
export function readSortKey(context: ExpressionContext): string {
  const { tokens } = context
  const { sql, type } = readExpression(context)
  // A whole number is a column's position, in both.
  const key = isWhole(type) || !/^\d/.test(sql) ? sql : `(${sql})`
  if (tokens.take('DESC')) return `${key} DESC NULLS LAST`
  tokens.take('ASC')
  return `${key} ASC NULLS FIRST`
}

function conditional(context: ExpressionContext): Expression {
  const { tokens } = context
  tokens.next()
  return tokens.enclosed(() => {
    const condition = readCondition(context)
    tokens.expect(',')
    const [yes, no] = [readExpression(context), (tokens.expect(','), readExpression(context))]
    return { sql: `CASE WHEN ${condition} THEN ${yes.sql} ELSE ${no.sql} END`, type: commonType([yes, no]) }
  })
}

function list(given: Arguments): string {
  return given.map(({ sql }) => sql).join(', ')
}

function typed(given: Arguments): Expression | undefined {
  return given.find(({ sql }) => sql !== 'NULL')
}

function firstOf(given: Arguments): Expression {
  return { sql: `COALESCE(${list(given)})`, type: commonType(given) }
}

function part(name: string): Translation {
  return ([value]) => ({
    sql: `CAST(extract(${name} FROM CAST(${value!.sql} AS timestamp)) AS integer)`,
    type: int,
  })
}

function serverProperty([name]: Arguments, { tokens }: ExpressionContext): Expression {
  if (name!.sql.toLowerCase() !== `'productversion'`) throw tokens.unknown('this SERVERPROPERTY')
  return { sql: `CAST('${serverVersion.join('.')}.0' AS text)`, type: { name: 'nvarchar', length: 128 } }
}

function objectId([name]: Arguments, { tokens }: ExpressionContext): Expression {
  const text = /^'((?:[^']|'')*)'$/.exec(name!.sql)?.[1]
  if (text === undefined || !name!.type || !isText(name!.type))
    throw tokens.unknown('OBJECT_ID of what is no literal')
  const parts = text
    .replaceAll(/[[\]"]/g, '')
    .toLowerCase()
    .split('.')
  const last = parts.at(-1)!
  const schema = last.startsWith('#') ? 'pg_temp' : parts.length > 1 ? parts.at(-2)! : ''
  const full = schema === '' ? `"${last}"` : `"${schema}"."${last}"`
  return { sql: `CAST(CAST(to_regclass(${literal(full)}) AS oid) AS integer)`, type: int }
}
