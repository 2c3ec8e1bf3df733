/**
 * What a function of JDBC becomes on each database, in the order of `functionColumns`. In a template `#1` is the
 * first argument, `%1` the same in parentheses where it needs them; `#1:INTEGER`
 * casts it when it is a bare marker; `=` is the function as written; undefined means
 * that the database has none. One template is for all four.
 */
export type FunctionRow =
  | string
  | readonly [
      pg: string | undefined,
      mysql: string | undefined,
      mssql: string | undefined,
      sqlite: string | undefined,
    ]

/** By `NAME/number of arguments`, or `NAME keyword` where an argument is one (an interval, a type, a field). */
export type FunctionTable = Readonly<Record<string, FunctionRow>>
