import assert from 'node:assert/strict'
import {
  BatchUpdateException,
  SQLIntegrityConstraintViolationException,
  SQLSyntaxErrorException,
} from '../../../src/api/sql-exception.ts'
import { sql } from '../../../src/api/sql-template.ts'
import type { SqlParameters } from '../../../src/api/sql-types.ts'
import { elapse, fails, idsOf, insertText, type Bench, type KitCase } from '../kit.ts'

const select = 'SELECT id, name, amount FROM kit ORDER BY id'

async function opened(bench: Bench) {
  return (await bench.connect()).getConnection()
}

/** Statements: results, parameters, batches, errors. */
export const statementCases: readonly KitCase[] = [
  {
    id: 'TCK segmentInsertEmitsUpdateCount',
    title: 'TCK segmentInsertEmitsUpdateCount: INSERT, UPDATE and DELETE tell how many rows they changed',
    async run(bench) {
      const connection = await opened(bench)
      assert.equal((await connection.execute(insertText, [1, 'a', 1])).updateCount, 1)
      const two = 'INSERT INTO kit (id, name, amount) VALUES (?, ?, ?), (?, ?, ?)'
      assert.equal((await connection.execute(two, [2, 'b', 1, 3, 'c', 1])).updateCount, 2)
      assert.equal((await connection.execute('UPDATE kit SET amount = amount + 1')).updateCount, 3)
      assert.equal((await connection.execute('UPDATE kit SET amount = 9 WHERE id = ?', [99])).updateCount, 0)
      assert.equal((await connection.execute('DELETE FROM kit WHERE id > ?', [1])).updateCount, 2)
      assert.equal((await connection.query(select)).updateCount, 0)
      assert.deepEqual((await connection.query(select)).rows, [{ id: 1, name: 'a', amount: 2 }])
    },
  },
  {
    id: 'result: one shape',
    title: 'Executor: query and execute give one shape; neither minds the kind of statement',
    async run(bench) {
      const connection = await opened(bench)
      const inserted = await connection.query(insertText, [1, 'a', null])
      assert.deepEqual([inserted.rows, inserted.columns, inserted.updateCount], [[], [], 1])
      const selected = await connection.execute(select)
      assert.deepEqual(selected.rows, [{ id: 1, name: 'a', amount: null }])
      assert.deepEqual(
        selected.columns.map(({ name, type }) => [name, type]),
        [
          ['id', 'INTEGER'],
          ['name', 'VARCHAR'],
          ['amount', 'INTEGER'],
        ],
      )
      const empty = await connection.query('SELECT id FROM kit WHERE id = ?', [99])
      assert.deepEqual([empty.rows, empty.columns.length], [[], 1])
    },
  },
  {
    id: 'TCK returnGeneratedValues',
    title: 'TCK returnGeneratedValues: an INSERT tells the key of its row beside its count, and no rows',
    async run(bench) {
      const connection = await opened(bench)
      const options = { generatedKeys: ['id'] }
      for (const id of [7, 8, 9]) {
        const result = await connection.execute(insertText, [id, 'a', 1], options)
        assert.deepEqual(result.generatedKeys, [{ id }])
        assert.deepEqual([result.rows, result.columns, result.updateCount], [[], [], 1])
      }
      const statement = await connection.prepareStatement(insertText)
      assert.deepEqual((await statement.execute([10, 'b', 1], options)).generatedKeys, [{ id: 10 }])
      assert.deepEqual((await connection.execute(insertText, [11, 'c', 1])).generatedKeys, [])
      assert.deepEqual((await connection.query(select)).generatedKeys, [])
    },
  },
  {
    id: 'generated keys: columns',
    title: 'Generated keys: those of each inserted row, in the order asked for, whatever ends the text',
    needs: ['key columns'],
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      const two = 'INSERT INTO kit (id, name, amount) VALUES (?, ?, ?), (?, ?, ?) ; -- two'
      const values = [1, 'a', 5, 2, 'b', null]
      const result = await connection.execute(two, values, { generatedKeys: ['amount', 'id'], maxRows: 1 })
      assert.equal(result.updateCount, 2)
      assert.deepEqual(result.generatedKeys, [
        { amount: 5, id: 1 },
        { amount: null, id: 2 },
      ])
      assert.deepEqual(Object.keys(result.generatedKeys[0]!), ['amount', 'id'])
      const hinted = { generatedKeys: ['id'], types: { id: 'BIGINT' } } as const
      const third = await connection.execute(insertText, [3, 'c', 1], hinted)
      assert.deepEqual(third.generatedKeys, [{ id: 3n }])
      await fails(connection.execute(insertText, [4, 'd', 1], { generatedKeys: ['no_such'] }), '42703')
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [1, 2, 3])
    },
  },
  {
    id: 'generated keys: refused',
    title:
      'Generated keys: asked of another statement, or by no names, they are refused, and nothing has run',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      await connection.execute(insertText, [1, 'a', 1])
      for (const text of ['UPDATE kit SET amount = 2', 'DELETE FROM kit', select]) {
        await fails(connection.execute(text, [], { generatedKeys: ['id'] }), '0A000')
      }
      for (const names of [true, 'id', [''], [1], ['id', 'id']]) {
        const generatedKeys = names as string[]
        await fails(connection.execute(insertText, [2, 'b', 1], { generatedKeys }), 'HY024')
      }
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [1])
    },
  },
  {
    id: 'TCK rowMetadata',
    title: 'TCK rowMetadata: labels come in the order of the select list; rows may be arrays',
    async run(bench) {
      const connection = await opened(bench)
      await connection.execute(insertText, [1, 'a', 7])
      const text = 'SELECT amount AS b, name AS c, id AS a FROM kit'
      const { columns, rows } = await connection.query(text, [], { rowMode: 'array' })
      assert.deepEqual(
        columns.map((column) => column.name),
        ['b', 'c', 'a'],
      )
      assert.deepEqual(rows, [[7, 'a', 1]])
    },
  },
  {
    id: 'TCK duplicateColumnNames',
    title: 'TCK duplicateColumnNames: no column is lost: objects are refused (42702), arrays have both',
    async run(bench) {
      const connection = await opened(bench)
      await connection.execute(insertText, [1, 'a', 7])
      const text = 'SELECT id AS x, amount AS x FROM kit'
      await fails(connection.query(text), '42702')
      assert.deepEqual((await connection.query(text, [], { rowMode: 'array' })).rows, [[1, 7]])
    },
  },
  {
    id: 'TCK bindNull',
    title: 'TCK bindNull: null is NULL',
    async run(bench) {
      const connection = await opened(bench)
      await connection.execute(insertText, [1, 'a', null])
      assert.deepEqual((await connection.query(select)).rows, [{ id: 1, name: 'a', amount: null }])
    },
  },
  {
    id: 'TCK bindFails',
    title: 'TCK bindFails: what is no SQL value is refused before it is sent, undefined above all (HY105)',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      const wrong: unknown[] = [undefined, Symbol('x'), () => 1, {}, [1], new Map(), Promise.resolve(1)]
      for (const value of wrong) {
        await fails(connection.execute(insertText, [1, 'a', value] as SqlParameters), 'HY105')
      }
      // eslint-disable-next-line no-sparse-arrays
      await fails(connection.execute(insertText, [1, , 3] as unknown as SqlParameters), 'HY105')
      await fails(connection.batch(insertText, [[1, 'a', undefined] as unknown as SqlParameters]), 'HY105')
      await fails(connection.execute(insertText, [1, 'a', new Date(NaN)]), '22007')
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [])
    },
  },
  {
    id: 'Go NumInput',
    title: 'Go NumInput: the number of parameters is checked before anything is sent (07001)',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      await fails(connection.execute(insertText, [1, 'a']), '07001')
      await fails(connection.execute(insertText, [1, 'a', 1, 1]), '07001')
      await fails(connection.execute(insertText), '07001')
      await fails(connection.query(select, [1]), '07001')
      await fails(connection.execute(insertText, 'abc' as unknown as SqlParameters), '07001')
      await fails(connection.batch(insertText, [[1, 'a', 1], [2]]), '07001')
      await fails(connection.stream('SELECT id FROM kit WHERE id = ?', []).next(), '07001')
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [])
    },
  },
  {
    id: 'markers in literals',
    title: 'Placeholders: a ? in a literal, a name or a comment is no parameter',
    async run(bench) {
      const connection = await opened(bench)
      const text = `INSERT INTO kit (id, name, amount) /* ? */ VALUES (1, 'who? ''?''', ?) -- ?`
      await connection.execute(text, [5])
      assert.deepEqual((await connection.query(select)).rows, [{ id: 1, name: "who? '?'", amount: 5 }])
    },
  },
  {
    id: 'several statements',
    title: 'Statements: several in one text are refused, and none has run',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      const first = `INSERT INTO kit (id, name, amount) VALUES (1, 'a', 1)`
      await fails(connection.execute(`${first}; DELETE FROM kit`), ['0A000', '42601'])
      await fails(connection.query(`SELECT id FROM kit; ${first}`), ['0A000', '42601'])
      await connection.execute(`${first};`)
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [1])
    },
  },
  {
    id: 'script',
    title: 'script: runs several statements in order, and stops at the first failure',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      const insert = (id: number): string => `INSERT INTO kit (id, name, amount) VALUES (${id}, 'a;b', 1);`
      await connection.script(`${insert(1)}\n${insert(2)} DELETE FROM kit WHERE id = 1;`)
      await fails(connection.script(`${insert(3)} ${insert(2)} ${insert(4)}`), '23505')
      await connection.close()
      assert.deepEqual(
        (await idsOf(pooled)).filter((id) => id !== 3),
        [2],
      )
    },
  },
  {
    id: 'TCK createStatementFails',
    title: 'TCK createStatementFails: what is no text, or an empty one, is a typed error',
    async run(bench) {
      const connection = await opened(bench)
      for (const text of [null, undefined, 42, {}]) {
        await fails(connection.query(text as string), 'HY009')
      }
      for (const text of ['', '  ', '-- only a comment', ';']) await fails(connection.query(text), '42601')
    },
  },
  {
    id: 'TCK prepareStatement',
    title: 'TCK prepareStatement: a prepared statement runs again and again; closed it is refused (HY010)',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      const statement = await connection.prepareStatement(insertText)
      for (let id = 1; id <= 10; id++) {
        assert.equal((await statement.execute([id, 'x', id])).updateCount, 1)
      }
      await fails(statement.execute([1]), '07001')
      await statement.close()
      await statement.close()
      await fails(() => statement.execute([11, 'x', 11]), 'HY010')
      await connection.close()
      assert.equal((await idsOf(pooled)).length, 10)
    },
  },
  {
    id: 'template',
    title: 'sql``: values become parameters, names are quoted, lists are spread',
    async run(bench) {
      const connection = await opened(bench)
      const rows = [
        [1, `x'); DELETE FROM kit; --`, 1],
        [2, 'b', 2],
      ]
      const table = sql.id('kit')
      await connection.execute(sql`INSERT INTO ${table} (id, name, amount) VALUES ${sql.rows(rows)}`)
      const { rows: found } = await connection.query(sql`SELECT name FROM ${table} WHERE id = ${1}`)
      assert.deepEqual(found, [{ name: `x'); DELETE FROM kit; --` }])
      await fails(connection.query(sql`SELECT id FROM kit WHERE id = ${1}`, [1]), '07001')
    },
  },
  {
    id: 'TCK batch',
    title: 'TCK batch: a count for each row, in order; an empty batch is one',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      const { updateCounts } = await connection.batch(insertText, [
        [1, 'a', 1],
        [2, 'b', 1],
        [3, 'c', 1],
      ])
      assert.deepEqual(updateCounts, [1, 1, 1])
      const update = 'UPDATE kit SET amount = ? WHERE id > ?'
      assert.deepEqual(
        (
          await connection.batch(update, [
            [5, 1],
            [6, 2],
            [7, 9],
          ])
        ).updateCounts,
        [2, 1, 0],
      )
      assert.deepEqual((await connection.batch(insertText, [])).updateCounts, [])
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [1, 2, 3])
    },
  },
  {
    id: 'batch: all or none',
    title: 'batch: stops at the first failure, tells its position, and outside a transaction keeps nothing',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      const rows: SqlParameters[] = [
        [1, 'a', 1],
        [2, 'b', 1],
        [1, 'again', 1],
        [3, 'c', 1],
      ]
      const error = await fails(connection.batch(insertText, rows), '23505')
      assert.ok(error instanceof BatchUpdateException)
      assert.equal(error.index, 2)
      assert.deepEqual(error.updateCounts, [1, 1])
      assert.ok(error.cause instanceof SQLIntegrityConstraintViolationException)
      await connection.execute(insertText, [7, 'after', 1])
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [7])
    },
  },
  {
    id: 'batch: in a transaction',
    title: 'batch: within a transaction it is part of it',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      await assert.rejects(
        connection.transaction(async (transaction) => {
          await transaction.batch(insertText, [
            [1, 'a', 1],
            [2, 'b', 1],
          ])
          throw new Error('on purpose')
        }),
        /on purpose/,
      )
      await connection.transaction((transaction) => transaction.batch(insertText, [[3, 'c', 1]]))
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [3])
    },
  },
  {
    id: 'batch: cancelled',
    title: 'batch: one that was cancelled leaves no transaction open',
    needs: ['script', 'cancel'],
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      bench.driver.failNext('batch', { delay: 5_000 })
      const batch = connection.batch(insertText, [[1, 'a', 1]], { timeout: 50 })
      const next = connection.execute(insertText, [2, 'b', 2])
      await fails(batch, 'HYT00')
      await next
      await elapse(bench, 5)
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [2])
      assert.equal(pooled.broken, undefined)
    },
  },
  {
    id: 'errors',
    title: 'Errors: constraint, syntax and unknown names have their class, SQLSTATE and reason',
    async run(bench) {
      const connection = await opened(bench)
      await connection.execute(insertText, [1, 'a', 1])
      const unique = await fails(connection.execute(insertText, [1, 'b', 1]), '23505')
      assert.ok(unique instanceof SQLIntegrityConstraintViolationException)
      assert.deepEqual([unique.reason, unique.fatal, unique.retry], ['unique', false, 'no'])
      const notNull = await fails(connection.execute(insertText, [2, null, 1]), '23502')
      assert.ok(notNull instanceof SQLIntegrityConstraintViolationException)
      assert.equal(notNull.reason, 'not-null')
      const syntax = await fails(connection.query('SELECT FROM WHERE'), '42601')
      assert.ok(syntax instanceof SQLSyntaxErrorException)
      assert.equal(syntax.reason, 'syntax')
      const table = await fails(connection.query('SELECT id FROM no_such_table'), '42P01')
      assert.equal(table.reason, 'undefined-object')
      const column = await fails(connection.query('SELECT no_such_column FROM kit'), '42703')
      assert.equal(column.reason, 'undefined-object')
      const exists = await fails(connection.execute('CREATE TABLE kit (id INTEGER)'), '42P07')
      assert.equal(exists.reason, 'duplicate-object')
    },
  },
  {
    id: 'errors: no values',
    title: 'Errors: no message holds a parameter value',
    async run(bench) {
      const connection = await opened(bench)
      await connection.execute(insertText, [1, 'a', 1])
      const error = await fails(connection.execute(insertText, [1, 'secret-4711', 1]), '23505')
      assert.ok(!error.message.includes('secret-4711'))
    },
  },
]
