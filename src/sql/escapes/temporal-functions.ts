import type { FunctionRow, FunctionTable } from './function-row.ts'

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

const day = field('DAY', '%d')
const month = field('MONTH', '%m')
const year = field('YEAR', '%Y')
const hour = field('HOUR', '%H')
const minute = field('MINUTE', '%M')
// Cut, not rounded: 59.7 seconds are 59.
const second: FunctionRow = [
  'CAST(FLOOR(EXTRACT(SECOND FROM #1:TIMESTAMP)) AS INTEGER)',
  'SECOND(#1)',
  'DATEPART(SECOND, #1)',
  "CAST(STRFTIME('%S', #1) AS INTEGER)",
]

const today: FunctionRow = ['CURRENT_DATE', 'CURRENT_DATE()', 'CAST(SYSDATETIME() AS DATE)', 'CURRENT_DATE']
const timeOfDay: FunctionRow = ['LOCALTIME', 'CURRENT_TIME()', 'CAST(SYSDATETIME() AS TIME)', 'CURRENT_TIME']
const now: FunctionRow = ['NOW()', 'NOW()', 'SYSDATETIME()', 'CURRENT_TIMESTAMP']

export const temporalFunctions: FunctionTable = {
  'CURDATE/0': today,
  'CURRENT_DATE/0': today,
  'CURTIME/0': timeOfDay,
  'CURRENT_TIME/0': timeOfDay,
  'CURRENT_TIMESTAMP/0': now,
  'NOW/0': now,

  'DAYNAME/1': ["TO_CHAR(#1:TIMESTAMP, 'FMDay')", '=', 'DATENAME(WEEKDAY, #1)', nameOf('%w', days, 0)],
  'DAYOFMONTH/1': day,
  // Sunday is 1.
  'DAYOFWEEK/1': [
    'CAST(EXTRACT(DOW FROM #1:TIMESTAMP) + 1 AS INTEGER)',
    '=',
    '((DATEPART(WEEKDAY, #1) + @@DATEFIRST - 1) % 7 + 1)',
    "(CAST(STRFTIME('%w', #1) AS INTEGER) + 1)",
  ],
  'DAYOFYEAR/1': [
    'CAST(EXTRACT(DOY FROM #1:TIMESTAMP) AS INTEGER)',
    '=',
    'DATEPART(DAYOFYEAR, #1)',
    "CAST(STRFTIME('%j', #1) AS INTEGER)",
  ],
  'HOUR/1': hour,
  'MINUTE/1': minute,
  'MONTH/1': month,
  'MONTHNAME/1': ["TO_CHAR(#1:TIMESTAMP, 'FMMonth')", '=', 'DATENAME(MONTH, #1)', nameOf('%m', months, 1)],
  'QUARTER/1': [
    'CAST(EXTRACT(QUARTER FROM #1:TIMESTAMP) AS INTEGER)',
    '=',
    'DATEPART(QUARTER, #1)',
    "((CAST(STRFTIME('%m', #1) AS INTEGER) + 2) / 3)",
  ],
  'SECOND/1': second,
  // By ISO 8601.
  'WEEK/1': [
    'CAST(EXTRACT(WEEK FROM #1:TIMESTAMP) AS INTEGER)',
    'WEEK(#1, 3)',
    'DATEPART(ISO_WEEK, #1)',
    "CAST(STRFTIME('%V', #1) AS INTEGER)",
  ],
  'YEAR/1': year,

  'EXTRACT YEAR': year,
  'EXTRACT MONTH': month,
  'EXTRACT DAY': day,
  'EXTRACT HOUR': hour,
  'EXTRACT MINUTE': minute,
  'EXTRACT SECOND': second,

  'TIMESTAMPADD SQL_TSI_FRAC_SECOND': [undefined, undefined, undefined, undefined],
  'TIMESTAMPADD SQL_TSI_SECOND': add('SECOND', 'seconds'),
  'TIMESTAMPADD SQL_TSI_MINUTE': add('MINUTE', 'minutes'),
  'TIMESTAMPADD SQL_TSI_HOUR': add('HOUR', 'hours'),
  'TIMESTAMPADD SQL_TSI_DAY': add('DAY', 'days'),
  'TIMESTAMPADD SQL_TSI_WEEK': add('WEEK', 'days', { sqliteFactor: 7 }),
  'TIMESTAMPADD SQL_TSI_MONTH': add('MONTH', 'months'),
  'TIMESTAMPADD SQL_TSI_QUARTER': add('QUARTER', 'months', { pg: '3 MONTH', sqliteFactor: 3 }),
  'TIMESTAMPADD SQL_TSI_YEAR': add('YEAR', 'years'),

  'TIMESTAMPDIFF SQL_TSI_FRAC_SECOND': [undefined, undefined, undefined, undefined],
  'TIMESTAMPDIFF SQL_TSI_SECOND': elapsedSeconds('SECOND', 1),
  'TIMESTAMPDIFF SQL_TSI_MINUTE': elapsedSeconds('MINUTE', 60),
  'TIMESTAMPDIFF SQL_TSI_HOUR': elapsedSeconds('HOUR', 3_600),
  'TIMESTAMPDIFF SQL_TSI_DAY': elapsedSeconds('DAY', 86_400),
  'TIMESTAMPDIFF SQL_TSI_WEEK': elapsedSeconds('WEEK', 604_800),
  'TIMESTAMPDIFF SQL_TSI_MONTH': elapsedMonths('MONTH', 1),
  'TIMESTAMPDIFF SQL_TSI_QUARTER': elapsedMonths('QUARTER', 3),
  'TIMESTAMPDIFF SQL_TSI_YEAR': elapsedMonths('YEAR', 12),
}

function field(name: string, sqliteFormat: string): FunctionRow {
  return [
    `CAST(EXTRACT(${name} FROM #1:TIMESTAMP) AS INTEGER)`,
    `${name}(#1)`,
    `DATEPART(${name}, #1)`,
    `CAST(STRFTIME('${sqliteFormat}', #1) AS INTEGER)`,
  ]
}

function nameOf(sqliteFormat: string, names: readonly string[], from: number): string {
  const cases = names.map((name, index) => `WHEN ${index + from} THEN '${name}'`)
  return `CASE CAST(STRFTIME('${sqliteFormat}', #1) AS INTEGER) ${cases.join(' ')} END`
}

/** Arguments: how many (1), to what (2). */
function add(unit: string, modifier: string, { pg = `1 ${unit}`, sqliteFactor = 1 } = {}): FunctionRow {
  const count = sqliteFactor === 1 ? '%1' : `(%1 * ${sqliteFactor})`
  return [
    `(%2:TIMESTAMP + %1 * INTERVAL '${pg}')`,
    `TIMESTAMPADD(${unit}, #1, #2)`,
    `DATEADD(${unit}, #1, #2)`,
    `DATETIME(#2, ${count} || ' ${modifier}')`,
  ]
}

/** Arguments: from (1), to (2). Whole units that have passed; DATEDIFF alone would count the boundaries between. */
function elapsedSeconds(unit: string, seconds: number): FunctionRow {
  const divide = seconds === 1 ? '' : ` / ${seconds}`
  return [
    `CAST(TRUNC(EXTRACT(EPOCH FROM CAST(#2 AS TIMESTAMP) - CAST(#1 AS TIMESTAMP))${divide}) AS BIGINT)`,
    `TIMESTAMPDIFF(${unit}, #1, #2)`,
    // A literal beyond INT is a DECIMAL, whose quotient would not be whole.
    `(DATEDIFF_BIG(MICROSECOND, #1, #2) / CAST(${seconds * 1_000_000} AS BIGINT))`,
    // Days as a floating point number are exact to less than a millisecond.
    `CAST(ROUND((JULIANDAY(#2) - JULIANDAY(#1)) * 86400, 3)${divide} AS INTEGER)`,
  ]
}

function elapsedMonths(unit: string, length: number): FunctionRow {
  const age = 'AGE(CAST(#2 AS TIMESTAMP), CAST(#1 AS TIMESTAMP))'
  const divide = length === 1 ? '' : ` / ${length}`
  const from = 'CAST(#1 AS DATETIME2)'
  const to = 'CAST(#2 AS DATETIME2)'
  const dayIs = (sign: '<' | '>'): string =>
    `(DAY(${to}) ${sign} DAY(${from}) OR DAY(${to}) = DAY(${from})` +
    ` AND CAST(${to} AS TIME) ${sign} CAST(${from} AS TIME))`
  return [
    `CAST(TRUNC((EXTRACT(YEAR FROM ${age}) * 12 + EXTRACT(MONTH FROM ${age}))${divide}) AS INTEGER)`,
    `TIMESTAMPDIFF(${unit}, #1, #2)`,
    // A month that has begun is not whole before its day and time are reached.
    `((DATEDIFF(MONTH, ${from}, ${to}) - CASE WHEN ${from} <= ${to} AND ${dayIs('<')} THEN 1` +
      ` WHEN ${from} > ${to} AND ${dayIs('>')} THEN -1 ELSE 0 END)${divide})`,
    undefined,
  ]
}
