import assert from 'node:assert/strict'
import { SQLException } from '../../../src/api/sql-exception.ts'
import { elapse, fails, idsOf, insertText, listened, type KitCase } from '../kit.ts'

const select = 'SELECT id FROM kit'

/** What a handle promises of itself: closing, restoring, describing. */
export const handleCases: readonly KitCase[] = [
  {
    id: '08003',
    title: '08003: everything called on a closed handle is refused',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      const statement = await connection.prepareStatement(select)
      const stream = connection.stream(select)
      await connection.close()
      assert.equal(connection.isClosed, true)
      await fails(connection.query(select), '08003')
      await fails(connection.execute(select), '08003')
      await fails(connection.batch(insertText, [[1, 'a', 1]]), '08003')
      await fails(
        connection.transaction(async () => {}),
        '08003',
      )
      await fails(connection.setAutoCommit(true), '08003')
      await fails(connection.script(select), '08003')
      await fails(() => statement.query(), '08003')
      await fails(stream.next(), '08003')
      assert.equal(await connection.isValid(), false)
    },
  },
  {
    id: 'close: rollback',
    title: 'Connection.close: an open transaction is rolled back',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      await connection.setAutoCommit(false)
      await connection.execute(insertText, [1, 'a', 1])
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [])
      assert.equal(pooled.broken, undefined)
    },
  },
  {
    id: 'close: restore',
    title: 'Ruling 8: close restores autoCommit and readOnly; the next handle can write',
    needs: ['session state'],
    async run(bench) {
      const pooled = await bench.connect()
      const first = pooled.getConnection()
      await first.setReadOnly(true)
      assert.equal(first.readOnly, true)
      await fails(first.execute(insertText, [1, 'a', 1]), '25006')
      await first.setAutoCommit(false)
      await first.close()
      const second = pooled.getConnection()
      assert.equal(second.readOnly, false)
      assert.equal(second.autoCommit, true)
      await second.execute(insertText, [1, 'a', 1])
      await second.close()
      assert.deepEqual(await idsOf(pooled), [1])
    },
  },
  {
    id: 'close: restore isolation and schema',
    title: 'Ruling 8: close restores isolation and schema, with one message',
    needs: ['script', 'schema'],
    async run(bench) {
      const pooled = await bench.connect()
      const first = pooled.getConnection()
      const { transactionIsolation, schema } = first
      await first.setTransactionIsolation('serializable')
      await first.setSchema('other')
      await first.close()
      const second = pooled.getConnection()
      assert.equal(second.transactionIsolation, transactionIsolation)
      assert.equal(second.schema, schema)
      assert.deepEqual(bench.driver.wire(pooled.id).slice(-1), [
        `configure isolation=${transactionIsolation} schema=${schema}`,
      ])
    },
  },
  {
    id: 'close: newer handle restores',
    title: 'Ruling 1: what a replaced handle has set is restored for the new one',
    needs: ['session state'],
    async run(bench) {
      const pooled = await bench.connect()
      const first = pooled.getConnection()
      await first.setReadOnly(true)
      const second = pooled.getConnection()
      await second.execute(insertText, [1, 'a', 1])
      assert.equal(second.readOnly, false)
    },
  },
  {
    id: 'close: queued statements',
    title: 'Connection.close: the running statement is stopped, those that wait are refused with 08003',
    needs: ['sleep', 'cancel'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      const [text, parameters] = bench.texts.sleep(20_000)
      const running = connection.query(text, parameters).catch((error: unknown) => error)
      const waiting = connection.execute(insertText, [1, 'a', 1]).catch((error: unknown) => error)
      await elapse(bench, 50)
      await connection.close()
      assert.equal(((await running) as SQLException).sqlState, '08003')
      assert.deepEqual(log.events, ['closed'])
      // One that was sent ahead of its turn may have run: then it says so.
      const refusal = await waiting
      if (refusal instanceof SQLException) assert.equal(refusal.sqlState, '08003')
      assert.deepEqual(await idsOf(pooled), refusal instanceof SQLException ? [] : [1])
    },
  },
  {
    id: 'close: running statement without cancel',
    title: 'Connection.close: a running statement that cannot be stopped costs the physical connection',
    needs: ['sleep'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      const [text, parameters] = bench.texts.sleep(800)
      const running = connection.query(text, parameters).catch((error: unknown) => error)
      await elapse(bench, 50)
      await connection.close().catch(() => {})
      assert.ok((await running) instanceof SQLException)
      assert.equal(log.events.filter((event) => event === 'closed').length, 1)
      assert.equal(log.events.at(-1), 'closed')
      // Where it can be stopped the session lives, else it is given up; never is it left with the statement.
      if (pooled.broken === undefined) assert.deepEqual(await idsOf(pooled), [])
    },
  },
  {
    id: 'isValid: options',
    title: 'isValid: a negative timeout is an error of the caller (JDBC), all else is an answer',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      await fails(connection.isValid({ timeout: -1 }), 'HY024')
      assert.equal(await connection.isValid({ timeout: 5_000 }), true)
      assert.equal(await connection.isValid({ signal: AbortSignal.abort() }), false)
      await connection.query(select)
    },
  },
  {
    id: 'isValid: in a transaction',
    title: 'isValid: asks within the current transaction and ends nothing',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      await connection.setAutoCommit(false)
      await connection.execute(insertText, [1, 'a', 1])
      assert.equal(await connection.isValid(), true)
      await connection.commit()
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [1])
    },
  },
  {
    id: 'metadata',
    title: 'getMetaData: names the product, the quote and the isolation levels',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      const metaData = await connection.getMetaData()
      assert.notEqual(metaData.databaseProductName, '')
      assert.notEqual(metaData.databaseProductVersion, '')
      assert.ok(metaData.maxParameters > 0)
      assert.ok(metaData.supportedTransactionIsolations.includes(metaData.defaultTransactionIsolation))
      assert.equal(connection.transactionIsolation, metaData.defaultTransactionIsolation)
    },
  },
  {
    id: 'unwrap',
    title: 'Wrapper: unwrap finds the handle itself, refuses what is not there, and agrees with isWrapperFor',
    async run(bench) {
      class Stranger {
        readonly strange = true
      }
      const connection = (await bench.connect()).getConnection()
      assert.equal(connection.isWrapperFor(Stranger), false)
      await fails(() => connection.unwrap(Stranger), 'HY000')
      const own = connection.constructor as new () => unknown
      assert.equal(connection.isWrapperFor(own), true)
      assert.equal(connection.unwrap(own), connection)
    },
  },
  {
    id: 'setReadOnly in a transaction',
    title: 'JDBC: readOnly and isolation are not changed within a transaction (25001)',
    needs: ['session state'],
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      await connection.setAutoCommit(false)
      await connection.execute(insertText, [1, 'a', 1])
      await fails(connection.setReadOnly(true), '25001')
      await connection.rollback()
      await connection.setReadOnly(true)
    },
  },
  {
    id: 'Go BeginTx',
    title: 'Go BeginTx: an isolation level that the database lacks is refused, never replaced',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      const isolation = bench.texts.unsupportedIsolation
      await fails(connection.setTransactionIsolation(isolation), '0A000')
      await fails(
        connection.transaction({ isolation }, () => assert.fail('the block ran')),
        '0A000',
      )
      await connection.execute(insertText, [1, 'a', 1])
    },
  },
]
