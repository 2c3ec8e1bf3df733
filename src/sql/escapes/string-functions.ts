import type { FunctionTable } from './function-row.ts'

const trailing = {
  pg: 'SUBSTRING(#2, #3:INTEGER)',
  sqlite: 'SUBSTR(#2, #3)',
}

// PostgreSQL's SUBSTRING(a, b) with a text for b is a regular expression: a marker there says that it is a number.
export const stringFunctions: FunctionTable = {
  'ASCII/1': ['=', '=', '=', 'UNICODE(#1)'],
  // By code point; for MySQL's CHAR the number is bytes. SQL Server's ends at 255 without a UTF-8 collation.
  'CHAR/1': ['CHR(#1:INTEGER)', 'CONVERT(CHAR(#1 USING utf32) USING utf8mb4)', '=', '='],
  // LEN leaves trailing blanks out.
  'CHAR_LENGTH/1': ['=', '=', "(LEN(%1 + N'.') - 1)", 'LENGTH(#1)'],
  'CHARACTER_LENGTH/1': ['=', '=', "(LEN(%1 + N'.') - 1)", 'LENGTH(#1)'],
  // NULL makes NULL, as in JDBC; the CONCAT of PostgreSQL and SQL Server leaves it out.
  'CONCAT/2': ['(%1 || %2)', '=', '(%1 + %2)', '(%1 || %2)'],
  'DIFFERENCE/2': [undefined, undefined, '=', undefined],
  'INSERT/4': [
    'OVERLAY(%1 PLACING %4 FROM %2:INTEGER FOR %3:INTEGER)',
    '=',
    'STUFF(#1, #2, #3, #4)',
    '(SUBSTR(#1, 1, %2 - 1) || %4 || SUBSTR(#1, %2 + %3))',
  ],
  'LCASE/1': 'LOWER(#1)',
  'LEFT/2': ['LEFT(#1, #2:INTEGER)', '=', '=', 'SUBSTR(#1, 1, #2)'],
  // In characters, without trailing blanks.
  'LENGTH/1': ['LENGTH(RTRIM(#1))', 'CHAR_LENGTH(RTRIM(#1))', 'LEN(#1)', 'LENGTH(RTRIM(#1))'],
  'LOCATE/2': ['POSITION(%1 IN %2)', '=', 'CHARINDEX(#1, #2)', 'INSTR(#2, #1)'],
  'LOCATE/3': [
    `CASE POSITION(%1 IN ${trailing.pg}) WHEN 0 THEN 0 ELSE POSITION(%1 IN ${trailing.pg}) + %3:INTEGER - 1 END`,
    '=',
    'CHARINDEX(#1, #2, #3)',
    `CASE INSTR(${trailing.sqlite}, #1) WHEN 0 THEN 0 ELSE INSTR(${trailing.sqlite}, #1) + %3 - 1 END`,
  ],
  'LTRIM/1': '=',
  'OCTET_LENGTH/1': ['=', '=', 'DATALENGTH(#1)', 'LENGTH(CAST(#1 AS BLOB))'],
  // The two arguments of POSITION(a IN b).
  'POSITION/2': ['POSITION(%1 IN %2)', 'POSITION(%1 IN %2)', 'CHARINDEX(#1, #2)', 'INSTR(#2, #1)'],
  'REPEAT/2': ['REPEAT(#1, #2:INTEGER)', '=', 'REPLICATE(#1, #2)', "REPLACE(HEX(ZEROBLOB(#2)), '00', #1)"],
  'REPLACE/3': '=',
  // With its third argument SQLite's SUBSTR gives '' for none, and all of a text that is shorter.
  'RIGHT/2': ['RIGHT(#1, #2:INTEGER)', '=', '=', 'SUBSTR(#1, -%2, #2)'],
  'RTRIM/1': '=',
  // PostgreSQL has it in the extension fuzzystrmatch.
  'SOUNDEX/1': ['=', '=', '=', undefined],
  'SPACE/1': ["REPEAT(' ', #1:INTEGER)", '=', '=', "PRINTF('%*s', #1, '')"],
  'SUBSTRING/2': ['SUBSTRING(#1, #2:INTEGER)', '=', 'SUBSTRING(#1, #2, 2147483647)', 'SUBSTR(#1, #2)'],
  'SUBSTRING/3': ['SUBSTRING(#1, #2:INTEGER, #3:INTEGER)', '=', '=', 'SUBSTR(#1, #2, #3)'],
  'UCASE/1': 'UPPER(#1)',
}
