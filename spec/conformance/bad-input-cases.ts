import { isDeepStrictEqual } from 'node:util'
import assert from 'node:assert/strict'
import type { Connection } from '../../src/api/connection.ts'
import { BatchUpdateException } from '../../src/api/sql-exception.ts'
import type { SqlParameters } from '../../src/api/sql-types.ts'
import type { PooledConnection } from '../../src/spi/pooled-connection.ts'
import {
  badLabels,
  badLists,
  badRows,
  badTexts,
  badValues,
  type BadColumn,
  type BadLabel,
  type BadValue,
  type Database,
  type Kept,
  type Refused,
} from './bad-input.ts'
import { fails } from './kit.ts'

/** One row of the tables, on a session that all of them share: whatever one of them does harms the others. */
export interface BadInputCase {
  readonly title: string
  run(connection: Connection): Promise<void>
}

export interface BadInputOptions {
  readonly database: Database
  /** Only what is refused before a driver sees it. */
  readonly refusedOnly?: boolean
  /** The most parameters that a statement may have. */
  readonly maxParameters: number
}

const createTable: Readonly<Record<Database, string>> = {
  sqlite: 'amount DECIMAL, moment TEXT, bytes BLOB, broken DOUBLE',
  pg: 'amount DECIMAL, moment TIMESTAMPTZ, bytes BYTEA, broken DOUBLE PRECISION',
  // Without a word it has ten digits.
  mysql: 'amount DECIMAL(65), moment TIMESTAMP NULL, bytes BLOB, broken DOUBLE',
  // Without a word VARCHAR has one byte a character, of a code page: words are sent and kept in UTF-16.
  mssql: 'amount DECIMAL(38), moment DATETIMEOFFSET, bytes VARBINARY(MAX), broken FLOAT',
}
const goodValues: Readonly<Record<BadColumn, string | null>> = {
  word: 'good',
  whole: null,
  broken: null,
  amount: null,
  bytes: null,
  moment: null,
}

/** The table, with one row that has to be there at the end. */
export async function prepareBadInput(pooled: PooledConnection, database: Database): Promise<void> {
  const connection = pooled.getConnection()
  const word = database === 'mssql' ? 'NVARCHAR' : 'VARCHAR'
  await connection.execute(
    `CREATE TABLE bad (id INTEGER PRIMARY KEY, word ${word}(200), whole BIGINT, ${createTable[database]})`,
  )
  await connection.execute('INSERT INTO bad (id, word) VALUES (?, ?)', [1, 'kept'])
  await connection.close()
}

/** Runs a case; then the session is the same one, and has what it had. */
export async function runBadInput(pooled: PooledConnection, badInput: BadInputCase): Promise<void> {
  const connection = pooled.getConnection()
  await badInput.run(connection)
  const { rows } = await connection.query('SELECT id, word FROM bad')
  assert.deepEqual(rows, [{ id: 1, word: 'kept' }], 'something was lost, or left')
  assert.equal(pooled.broken, undefined)
  await connection.close()
}

export function badInputCases(options: BadInputOptions): readonly BadInputCase[] {
  const { database, refusedOnly = false } = options
  const values = badValues.filter(({ outcome }) => !refusedOnly || 'sqlState' in outcome)
  return [
    ...badTexts.map(textCase),
    ...badLists.map(listCase),
    ...badRows.map(rowsCase),
    rowsThatThrow,
    observedList,
    ...values
      .filter(({ what }) => !refusedOnly || !/surrogate|gigabyte/.test(what)) // of which the database decides
      .map((value) => valueCase(value, database)),
    ...(refusedOnly ? [] : badLabels.map((label) => labelCase(label, database))),
    ...(refusedOnly ? [] : [manyColumns]),
    tooManyParameters(options),
  ]
}

function textCase([what, text, sqlState]: (typeof badTexts)[number]): BadInputCase {
  return {
    title: `as the text: ${what}`,
    async run(connection) {
      const sql = text as string
      await fails(() => connection.query(sql), sqlState)
      await fails(() => connection.execute(sql, []), sqlState)
      await fails(() => connection.batch(sql, [[]]), sqlState)
      await fails(() => connection.stream(sql).next(), sqlState)
      await fails(async () => connection.prepareStatement(sql), sqlState)
      if (sqlState === 'HY009') await fails(() => connection.script(sql), sqlState)
    },
  }
}

const insertWord = 'INSERT INTO bad (id, word) VALUES (?, ?)'

function listCase([what, list, sqlState, place]: (typeof badLists)[number]): BadInputCase {
  return {
    title: `as the parameters: ${what}`,
    async run(connection) {
      const parameters = list as SqlParameters
      const prepared = await connection.prepareStatement(insertWord)
      for (const attempt of [
        () => connection.query(insertWord, parameters),
        () => connection.batch(insertWord, [[900, 'good'], parameters]),
        () => connection.stream(insertWord, parameters).next(),
        () => prepared.execute(parameters),
        () => prepared.stream(parameters).next(),
      ]) {
        assert.match((await fails(attempt, sqlState)).message, place)
      }
    },
  }
}

function rowsCase([what, rows, sqlState, place]: (typeof badRows)[number]): BadInputCase {
  return {
    title: `as the rows of a batch: ${what}`,
    async run(connection) {
      const given = rows as SqlParameters[]
      const prepared = await connection.prepareStatement(insertWord)
      for (const attempt of [() => connection.batch(insertWord, given), () => prepared.batch(given)]) {
        assert.match((await fails(attempt, sqlState)).message, place)
      }
    },
  }
}

const rowsThatThrow: BadInputCase = {
  title: 'as the rows of a batch: a generator that throws, whose error comes as it is',
  async run(connection) {
    const own = new Error('of the application')
    const rows = function* (): Generator<SqlParameters> {
      yield [900, 'good']
      throw own
    }
    await assert.rejects(connection.batch(insertWord, rows()), (error) => error === own)
  },
}

const observedList: BadInputCase = {
  title: 'as the parameters: a Proxy of an array, as reactive libraries make them, is an array',
  async run(connection) {
    const parameters: SqlParameters = new Proxy([1, 'kept'], {})
    const { rows } = await connection.query('SELECT id FROM bad WHERE id = ? AND word = ?', parameters)
    assert.deepEqual(rows, [{ id: 1 }])
  },
}

function valueCase({ what, column, value, outcome }: BadValue, database: Database): BadInputCase {
  const expected =
    database in outcome
      ? (outcome as Record<Database, Kept | Refused>)[database]
      : (outcome as Kept | Refused)
  const insert = `INSERT INTO bad (id, ${column}) VALUES (?, ?)`
  const select = `SELECT ${column} FROM bad WHERE id > ? AND ${column} = ?`
  if ('kept' in expected) {
    return {
      title: `as a value: ${what} is kept`,
      run: (connection) => isKept(connection, insert, select, value, expected),
    }
  }
  return {
    title: `as a value: ${what} is refused (${expected.sqlState})`,
    run: (connection) => isRefused(connection, { insert, select, value, good: goodValues[column], expected }),
  }
}

async function isKept(
  connection: Connection,
  insert: string,
  select: string,
  value: () => unknown,
  { kept }: Kept,
): Promise<void> {
  const prepared = await connection.prepareStatement(insert)
  await connection.query(insert, [900, value()] as SqlParameters)
  await connection.batch(insert, [[901, value()] as SqlParameters])
  await prepared.execute([902, value()] as SqlParameters)
  const found: unknown[] = []
  for await (const row of connection.stream<unknown[]>(select, [1, value()] as SqlParameters, {
    rowMode: 'array',
  })) {
    found.push(row[0])
  }
  assert.equal(found.length, 3)
  for (const back of found) assert.ok(isDeepStrictEqual(back, kept), 'it comes back as something else')
  await connection.execute('DELETE FROM bad WHERE id > 1')
}

async function isRefused(
  connection: Connection,
  given: {
    readonly insert: string
    readonly select: string
    readonly value: () => unknown
    readonly good: string | null
    readonly expected: Refused
  },
): Promise<void> {
  const { insert, select, value, good, expected } = given
  const bad = (id: number): SqlParameters => [id, value()] as SqlParameters
  const prepared = await connection.prepareStatement(insert)
  const attempts = [
    () => connection.query(insert, bad(900)),
    () => connection.batch(insert, [[901, good], bad(902), [903, good]]),
    () => prepared.execute(bad(904)),
    () => prepared.batch([[905, good], bad(906)]),
    // Where only the column is too small for it, it may well be compared.
    ...(expected.by === 'server' ? [] : [() => connection.stream(select, bad(1)).next()]),
  ]
  for (const attempt of attempts) {
    const error = await fails(attempt, expected.sqlState)
    assert.equal(error.fatal, false)
    if (error instanceof BatchUpdateException) assert.match(error.message, /^Row 1 of the batch failed: /)
    if (expected.by === undefined) assert.match(error.message, /\bParameter 2 /)
    assert.doesNotMatch(error.message, /secret|18446744073709551616/, 'a value is shown')
  }
}

function labelCase({ what, label, outcome }: BadLabel, database: Database): BadInputCase {
  const expected = outcome?.[database] ?? { kept: label }
  return {
    title: `as a label: ${what}`,
    async run(connection) {
      const text = `SELECT id AS "${label.replaceAll('"', '""')}", word AS w FROM bad`
      const prepared = await connection.prepareStatement(text)
      if ('sqlState' in expected) {
        await fails(connection.query(text), expected.sqlState)
        await fails(connection.stream(text).next(), expected.sqlState)
        await fails(prepared.query(), expected.sqlState)
        return
      }
      const name = expected.kept as string
      const results = [await connection.query(text), await prepared.query(), await prepared.query()]
      const { value } = await connection.stream(text).next()
      for (const row of [...results.flatMap(({ rows }) => rows), value] as Record<string, unknown>[]) {
        assert.deepEqual(Object.entries(row), [
          [name, 1],
          ['w', 'kept'],
        ])
        assert.equal(Object.getPrototypeOf(row), Object.prototype)
      }
      for (const { columns } of results) assert.equal(columns[0]!.name, name)
    },
  }
}

const manyColumns: BadInputCase = {
  title: 'as a result: 1,600 columns',
  async run(connection) {
    const names = Array.from({ length: 1_600 }, (_, at) => `c${at}`)
    const text = `SELECT ${names.map((name, at) => `${at} AS ${name}`).join(', ')}`
    const prepared = await connection.prepareStatement(text)
    const expected = Object.fromEntries(names.map((name, at) => [name, at]))
    assert.deepEqual((await connection.query(text)).rows, [expected])
    assert.deepEqual((await prepared.query()).rows, [expected])
    assert.deepEqual((await connection.stream(text).next()).value, expected)
  },
}

function tooManyParameters({ maxParameters, refusedOnly = false }: BadInputOptions): BadInputCase {
  return {
    title: `as the parameters: ${maxParameters} are taken, and no more`,
    async run(connection) {
      const many = (count: number): [string, SqlParameters] => [
        `SELECT id FROM bad WHERE id IN (${Array.from({ length: count }, () => '?').join(', ')})`,
        Array.from({ length: count }, (_, at) => at),
      ]
      if (!refusedOnly) assert.deepEqual((await connection.query(...many(maxParameters))).rows, [{ id: 1 }])
      const [text, parameters] = many(maxParameters + 1)
      const prepared = await connection.prepareStatement(text)
      for (const attempt of [
        () => connection.query(text, parameters),
        () => connection.batch(text, [parameters]),
        () => connection.stream(text, parameters).next(),
        () => prepared.query(parameters),
      ]) {
        const { message } = await fails(attempt, '54000')
        assert.ok(
          message.includes(`${maxParameters + 1} parameters`) && message.includes(`takes ${maxParameters}`),
        )
      }
    },
  }
}
