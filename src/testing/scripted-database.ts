import type { ColumnMetadata } from '../api/result.ts'
import type { SqlTypeName } from '../api/sql-types.ts'
import type { RawResult } from '../spi/physical-connection.ts'
import type { ColumnDefinition, ScriptedStatement, SelectStatement } from './scripted-sql.ts'
import {
  aggregate,
  describe,
  evaluate,
  isAggregate,
  matches,
  noColumns,
  positionOf,
  scopeOf,
  sorted,
  text,
} from './scripted-expressions.ts'
import type { Values } from './scripted-expressions.ts'
import type { ScriptedTransaction } from './scripted-transaction.ts'
import {
  duplicateTable,
  invalidValue,
  notNullViolation,
  notSupported,
  serializationFailure,
  undefinedObject,
  uniqueViolation,
} from './server-errors.ts'

/** What one statement gave. The rows of a SELECT are computed as they are read. */
export interface Answer {
  readonly columns: readonly ColumnMetadata[]
  readonly rows: Iterable<readonly unknown[]>
  readonly updateCount: number
  /** Of an INSERT that was asked for them. */
  readonly generatedKeys?: RawResult['generatedKeys']
}

/** The session that a statement runs in, as far as the data are concerned. */
export interface DataSession {
  /** What was set with `SET`; seen as the table `session_settings`. */
  readonly settings: Map<string, unknown>
}

interface Row {
  values: readonly unknown[] | undefined
  /** What other transactions see while one has changed the row; undefined when it was inserted. */
  committed: readonly unknown[] | undefined
  writer: ScriptedTransaction | undefined
}

interface Table {
  readonly columns: readonly ColumnDefinition[]
  readonly rows: Set<Row>
}

/**
 * A few tables in memory, with transactions: others see what is committed, and whoever changes a row second is told
 * so at once (40001).
 */
export class ScriptedDatabase {
  readonly #tables = new Map<string, Table>()

  /** Runs a statement that is not about transactions or settings. When it fails, it has changed nothing. */
  run(
    statement: ScriptedStatement,
    parameters: Values,
    transaction: ScriptedTransaction,
    session: DataSession,
  ): Answer {
    const before = transaction.mark()
    try {
      switch (statement.kind) {
        case 'select':
          return this.#select(statement, parameters, transaction, session)
        case 'insert':
          return this.#insert(statement, parameters, transaction)
        case 'update':
          return changed(this.#update(statement, parameters, transaction))
        case 'delete':
          return changed(this.#delete(statement, parameters, transaction))
        case 'create':
          return changed(this.#create(statement.table, statement.columns, transaction))
        case 'drop':
          return changed(this.#drop(statement.table, statement.ifExists, transaction))
        default:
          throw notSupported(statement.kind)
      }
    } catch (error) {
      transaction.undoTo(before)
      throw error
    }
  }

  #select(
    statement: SelectStatement,
    parameters: Values,
    transaction: ScriptedTransaction,
    session: DataSession,
  ): Answer {
    const { from, items } = statement
    const source = this.#source(from, parameters, transaction, session)
    const matching = function* (): Generator<readonly unknown[]> {
      for (const values of source.rows) {
        if (matches(statement.where, scopeOf(source.columns, values), parameters)) yield values
      }
    }
    const expressions = items.flatMap(({ expression, label }) =>
      expression === 'star'
        ? source.columns.map(({ name }) => ({ expression: { kind: 'column', name } as const, label: name }))
        : [{ expression, label }],
    )
    const columns = expressions.map(({ expression, label }) =>
      describe(label, expression, source.columns, parameters),
    )
    const grouped = expressions.some(({ expression }) => isAggregate(expression))
    let rows: Iterable<readonly unknown[]>
    if (grouped) {
      const all = [...matching()]
      rows = [expressions.map(({ expression }) => aggregate(expression, all, source.columns, parameters))]
    } else {
      let found: Iterable<readonly unknown[]> = matching()
      if (statement.orderBy !== undefined) found = sorted([...found], source.columns, statement.orderBy)
      const limit =
        statement.limit === undefined ? Infinity : Number(evaluate(statement.limit, noColumns, parameters))
      rows = (function* () {
        let count = 0
        for (const values of found) {
          if (count++ >= limit) return
          const scope = scopeOf(source.columns, values)
          yield expressions.map(({ expression }) => evaluate(expression, scope, parameters))
        }
      })()
      // A table is read at once, so that what happens later does not show; a series only as far as it is asked for.
      if (from === undefined || 'table' in from) rows = [...rows]
    }
    return { columns, rows, updateCount: 0 }
  }

  #source(
    from: SelectStatement['from'],
    parameters: Values,
    transaction: ScriptedTransaction,
    session: DataSession,
  ): { columns: readonly ColumnDefinition[]; rows: Iterable<readonly unknown[]> } {
    if (from === undefined) return { columns: [], rows: [[]] }
    if ('series' in from) {
      const count = Number(evaluate(from.series, noColumns, parameters))
      return { columns: [column('n', 'INTEGER')], rows: series(count) }
    }
    if (from.table === 'session_settings') {
      return { columns: [column('name', 'VARCHAR'), column('value', 'VARCHAR')], rows: session.settings }
    }
    const { columns, rows } = this.#table(from.table)
    return { columns, rows: [...visible(rows, transaction)].map(([, values]) => values) }
  }

  #insert(
    statement: ScriptedStatement & { kind: 'insert' },
    parameters: Values,
    transaction: ScriptedTransaction,
  ): Answer {
    const table = this.#table(statement.table)
    const positions = statement.columns.map((name) => positionOf(table.columns, name))
    const keys = statement.keys?.map((name) => positionOf(table.columns, name))
    const inserted: Row[] = []
    for (const expressions of statement.rows) {
      const values: unknown[] = table.columns.map(() => null)
      expressions.forEach((expression, index) => {
        values[positions[index]!] = evaluate(expression, noColumns, parameters)
      })
      const row: Row = { values: undefined, committed: undefined, writer: undefined }
      table.rows.add(row)
      transaction.record(() => table.rows.delete(row))
      write(table, row, values, transaction)
      inserted.push(row)
    }
    const answer = changed(inserted.length)
    if (keys === undefined) return answer
    const columns = keys.map((at) => table.columns[at]!)
    return {
      ...answer,
      generatedKeys: {
        columns: columns.map(({ name, type, databaseType }) => ({ name, type, databaseType })),
        rows: inserted.map(({ values }) => keys.map((at) => values![at])),
      },
    }
  }

  #update(
    statement: ScriptedStatement & { kind: 'update' },
    parameters: Values,
    transaction: ScriptedTransaction,
  ): number {
    const table = this.#table(statement.table)
    const sets = statement.sets.map((set) => ({
      at: positionOf(table.columns, set.column),
      value: set.value,
    }))
    let count = 0
    for (const [row, values] of visible(table.rows, transaction)) {
      const scope = scopeOf(table.columns, values)
      if (!matches(statement.where, scope, parameters)) continue
      const next = [...values]
      for (const { at, value } of sets) next[at] = evaluate(value, scope, parameters)
      write(table, row, next, transaction)
      count++
    }
    return count
  }

  #delete(
    statement: ScriptedStatement & { kind: 'delete' },
    parameters: Values,
    transaction: ScriptedTransaction,
  ): number {
    const table = this.#table(statement.table)
    let count = 0
    for (const [row, values] of visible(table.rows, transaction)) {
      if (!matches(statement.where, scopeOf(table.columns, values), parameters)) continue
      write(table, row, undefined, transaction)
      count++
    }
    return count
  }

  #create(name: string, columns: readonly ColumnDefinition[], transaction: ScriptedTransaction): number {
    if (this.#tables.has(name)) throw duplicateTable(name)
    this.#tables.set(name, { columns, rows: new Set() })
    transaction.record(() => this.#tables.delete(name))
    return 0
  }

  #drop(name: string, ifExists: boolean, transaction: ScriptedTransaction): number {
    const table = this.#tables.get(name)
    if (table === undefined) {
      if (ifExists) return 0
      throw undefinedObject('table', name)
    }
    this.#tables.delete(name)
    transaction.record(() => this.#tables.set(name, table))
    return 0
  }

  #table(name: string): Table {
    const table = this.#tables.get(name)
    if (table === undefined) throw undefinedObject('table', name)
    return table
  }
}

function changed(updateCount: number): Answer {
  return { columns: [], rows: [], updateCount }
}

/** Gives a row new values, or none, in a transaction. */
function write(
  table: Table,
  row: Row,
  values: readonly unknown[] | undefined,
  transaction: ScriptedTransaction,
): void {
  if (row.writer !== undefined && row.writer !== transaction) throw serializationFailure()
  const before = { ...row }
  const stored = values?.map((value, index) => store(value, table.columns[index]!))
  if (stored !== undefined) checkUnique(table, row, stored, transaction)
  row.values = stored
  row.writer = transaction
  transaction.record(
    () => Object.assign(row, before),
    () => {
      row.committed = row.values
      row.writer = undefined
      if (row.values === undefined) table.rows.delete(row)
    },
  )
}

function checkUnique(
  table: Table,
  row: Row,
  values: readonly unknown[],
  transaction: ScriptedTransaction,
): void {
  table.columns.forEach((definition, index) => {
    if (!definition.unique || values[index] === null) return
    for (const other of table.rows) {
      if (other === row) continue
      if (other.values?.[index] === values[index]) {
        if (other.writer !== undefined && other.writer !== transaction) throw serializationFailure()
        throw uniqueViolation(definition.name)
      }
    }
  })
}

/** The value as its column keeps it, and as it is read later: by the column's type, never by the value's. */
function store(value: unknown, { name, type, notNull }: ColumnDefinition): unknown {
  if (value === null) {
    if (notNull) throw notNullViolation(name)
    return null
  }
  const misfit = invalidValue(`A value does not fit the column ${name} ${type}`)
  switch (type) {
    case 'INTEGER':
    case 'DOUBLE': {
      const number = typeof value === 'boolean' || value === '' ? NaN : Number(value)
      if (Number.isNaN(number) || (type === 'INTEGER' && !Number.isSafeInteger(number))) throw misfit
      return number
    }
    case 'BIGINT':
      try {
        return BigInt(value as string)
      } catch {
        throw misfit
      }
    case 'BOOLEAN':
      if (typeof value !== 'boolean') throw misfit
      return value
    case 'VARBINARY':
      if (!(value instanceof Uint8Array)) throw misfit
      return value
    default:
      return text(value)
  }
}

function* visible(
  rows: Iterable<Row>,
  transaction: ScriptedTransaction,
): Generator<[Row, readonly unknown[]]> {
  for (const row of rows) {
    const values = row.writer === undefined || row.writer === transaction ? row.values : row.committed
    if (values !== undefined) yield [row, values]
  }
}

function column(name: string, type: SqlTypeName): ColumnDefinition {
  return { name, type, databaseType: type, unique: false, notNull: false }
}

function* series(count: number): Generator<readonly unknown[]> {
  for (let n = 1; n <= count; n++) yield [n]
}
