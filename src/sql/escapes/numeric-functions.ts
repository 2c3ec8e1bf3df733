import type { FunctionTable } from './function-row.ts'

// SQLite computes in binary: 4.35 * 100 is 434.99…; nine digits behind the point are rounded away before it is cut.
const scaled = 'ROUND(%1 * POWER(10, #2), 9)'

export const numericFunctions: FunctionTable = {
  'ABS/1': '=',
  'ACOS/1': '=',
  'ASIN/1': '=',
  'ATAN/1': '=',
  'ATAN2/2': ['=', '=', 'ATN2(#1, #2)', '='],
  'CEILING/1': '=',
  'COS/1': '=',
  'COT/1': ['=', '=', '=', '(1.0 / TAN(#1))'],
  'DEGREES/1': '=',
  'EXP/1': '=',
  'FLOOR/1': '=',
  'LOG/1': ['LN(#1)', 'LN(#1)', 'LOG(#1)', 'LN(#1)'],
  'LOG10/1': '=',
  // SQLite's MOD computes in floating point.
  'MOD/2': ['=', '=', '(%1 % %2)', '(%1 % %2)'],
  'PI/0': '=',
  'POWER/2': '=',
  'RADIANS/1': '=',
  'RAND/0': ['RANDOM()', '=', '=', '(RANDOM() / 18446744073709551616.0 + 0.5)'],
  'RAND/1': [undefined, '=', '=', undefined],
  // PostgreSQL rounds to places only what is NUMERIC; SQLite not to places before the point.
  'ROUND/2': ['ROUND(CAST(#1 AS NUMERIC), #2:INTEGER)', '=', '=', `(ROUND(${scaled}) / POWER(10, #2))`],
  'SIGN/1': '=',
  'SIN/1': '=',
  'SQRT/1': '=',
  'TAN/1': '=',
  'TRUNCATE/2': [
    'TRUNC(CAST(#1 AS NUMERIC), #2:INTEGER)',
    '=',
    'ROUND(#1, #2, 1)',
    `(TRUNC(${scaled}) / POWER(10, #2))`,
  ],
}
