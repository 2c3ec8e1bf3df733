import type { FunctionRow, FunctionTable } from './function-row.ts'

const text: FunctionRow = [
  'CAST(#1 AS TEXT)',
  'CAST(#1 AS CHAR)',
  'CAST(#1 AS NVARCHAR(MAX))',
  'CAST(#1 AS TEXT)',
]
const binary: FunctionRow = [
  'CAST(#1 AS BYTEA)',
  'CAST(#1 AS BINARY)',
  'CAST(#1 AS VARBINARY(MAX))',
  'CAST(#1 AS BLOB)',
]
const double: FunctionRow = [
  'CAST(#1 AS DOUBLE PRECISION)',
  'CAST(#1 AS DOUBLE)',
  'CAST(#1 AS FLOAT)',
  'CAST(#1 AS REAL)',
]
const boolean: FunctionRow = [
  'CAST(#1 AS BOOLEAN)',
  '(%1 <> 0)',
  'CAST(#1 AS BIT)',
  '(CAST(#1 AS NUMERIC) <> 0)',
]
// Without a scale MySQL and SQL Server would cut the fraction off.
const decimal: FunctionRow = [
  'CAST(#1 AS NUMERIC)',
  'CAST(#1 AS DECIMAL(65, 30))',
  'CAST(#1 AS DECIMAL(38, 10))',
  'CAST(#1 AS NUMERIC)',
]

export const systemFunctions: FunctionTable = {
  'DATABASE/0': ['CURRENT_DATABASE()', '=', 'DB_NAME()', "'main'"],
  'IFNULL/2': 'COALESCE(#1, #2)',
  'USER/0': ['CURRENT_USER', 'CURRENT_USER()', 'USER_NAME()', undefined],

  'CONVERT SQL_BOOLEAN': boolean,
  'CONVERT SQL_BIT': boolean,
  'CONVERT SQL_TINYINT': integer('SMALLINT'),
  'CONVERT SQL_SMALLINT': integer('SMALLINT'),
  'CONVERT SQL_INTEGER': integer('INTEGER'),
  'CONVERT SQL_BIGINT': integer('BIGINT'),
  'CONVERT SQL_REAL': ['CAST(#1 AS REAL)', 'CAST(#1 AS DOUBLE)', 'CAST(#1 AS REAL)', 'CAST(#1 AS REAL)'],
  'CONVERT SQL_FLOAT': double,
  'CONVERT SQL_DOUBLE': double,
  'CONVERT SQL_DECIMAL': decimal,
  'CONVERT SQL_NUMERIC': decimal,
  'CONVERT SQL_CHAR': text,
  'CONVERT SQL_VARCHAR': text,
  'CONVERT SQL_LONGVARCHAR': text,
  'CONVERT SQL_CLOB': text,
  'CONVERT SQL_NCHAR': text,
  'CONVERT SQL_NVARCHAR': text,
  'CONVERT SQL_LONGNVARCHAR': text,
  'CONVERT SQL_NCLOB': text,
  'CONVERT SQL_BINARY': binary,
  'CONVERT SQL_VARBINARY': binary,
  'CONVERT SQL_LONGVARBINARY': binary,
  'CONVERT SQL_BLOB': binary,
  'CONVERT SQL_DATE': ['CAST(#1 AS DATE)', 'CAST(#1 AS DATE)', 'CAST(#1 AS DATE)', 'DATE(#1)'],
  'CONVERT SQL_TIME': ['CAST(#1 AS TIME)', 'CAST(#1 AS TIME(6))', 'CAST(#1 AS TIME)', 'TIME(#1)'],
  'CONVERT SQL_TIMESTAMP': [
    'CAST(#1 AS TIMESTAMP)',
    'CAST(#1 AS DATETIME(6))',
    'CAST(#1 AS DATETIME2)',
    'DATETIME(#1)',
  ],
  'CONVERT SQL_ROWID': [undefined, undefined, undefined, undefined],
  'CONVERT SQL_DATALINK': [undefined, undefined, undefined, undefined],
  'CONVERT SQL_SQLXML': ['CAST(#1 AS XML)', undefined, 'CAST(#1 AS XML)', undefined],
}

function integer(type: string): FunctionRow {
  return [`CAST(#1 AS ${type})`, 'CAST(#1 AS SIGNED)', `CAST(#1 AS ${type})`, 'CAST(#1 AS INTEGER)']
}
