import assert from 'node:assert/strict'
import { serializationFailure } from '../../../src/testing/index.ts'
import { fails, idsOf, insertText, listened, type KitCase } from '../kit.ts'

interface N {
  readonly n: number
}

const select = 'SELECT id FROM kit'

/** Streams of rows. */
export const streamCases: readonly KitCase[] = [
  {
    id: 'stream: all rows',
    title: 'Stream: gives every row once, in order, whatever the fetch size',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      const [text, parameters] = bench.texts.series(100)
      for (const fetchSize of [1, 7, 100, 1_000]) {
        const seen: number[] = []
        for await (const row of connection.stream<N>(text, parameters, { fetchSize })) seen.push(row.n)
        assert.deepEqual(
          seen,
          Array.from({ length: 100 }, (_, index) => index + 1),
        )
      }
      await connection.query(select)
    },
  },
  {
    id: 'stream: empty',
    title: 'Stream: one without rows ends at once, and the connection is free',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      const stream = connection.stream(select)
      assert.equal((await stream.next()).done, true)
      assert.equal((await stream.next()).done, true)
      await connection.query(select)
    },
  },
  {
    id: 'stream: columns',
    title: 'Stream: its columns are those of the query, known with the first row or the lack of one',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      const { columns } = await connection.query(select)
      const empty = connection.stream(select, [], { types: { id: 'VARCHAR' } })
      assert.deepEqual(empty.columns, [])
      await empty.next()
      assert.deepEqual(empty.columns, [{ ...columns[0], type: 'VARCHAR' }])
      const stream = connection.stream(...bench.texts.series(2))
      await stream.next()
      assert.deepEqual(
        stream.columns.map(({ name }) => name),
        ['n'],
      )
      await stream.return()
    },
  },
  {
    id: 'stream: lazy',
    title: 'Stream: nothing is run before the first row is asked for',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      const stream = connection.stream('SELECT id FROM no_such_table')
      await connection.query(select)
      await fails(stream.next(), '42P01')
      assert.equal((await stream.next()).done, true)
      const unread = connection.stream(select)
      await unread.return()
      assert.equal((await unread.next()).done, true)
      await connection.query(select)
    },
  },
  {
    id: 'HY010',
    title: 'HY010: while a stream is open other statements are refused, at once',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      const [text, parameters] = bench.texts.series(50)
      const stream = connection.stream<N>(text, parameters, { fetchSize: 10 })
      await stream.next()
      await fails(connection.query(select), 'HY010')
      await fails(connection.execute(insertText, [1, 'a', 1]), 'HY010')
      await fails(connection.stream(select).next(), 'HY010')
      await fails(connection.batch(insertText, [[1, 'a', 1]]), 'HY010')
      await fails(
        connection.transaction(async () => {}),
        'HY010',
      )
      let count = 1
      while ((await stream.next()).done !== true) count++
      assert.equal(count, 50)
      assert.deepEqual((await connection.query(select)).rows, [])
    },
  },
  {
    id: 'stream: left early',
    title: 'Stream: leaving the loop early ends the statement, and the connection takes the next one',
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      // More than anybody would read to its end.
      const [text, parameters] = bench.texts.series(2_000_000)
      for await (const row of connection.stream<N>(text, parameters, { fetchSize: 10 })) {
        if (row.n === 15) break
      }
      await connection.execute(insertText, [1, 'a', 1])
      assert.equal(pooled.broken, undefined)
      assert.deepEqual(log.events, [])
    },
  },
  {
    id: 'stream: left early, not read',
    title: 'Stream: what is left of a stream that is left early is not fetched',
    needs: ['script'],
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      for await (const row of connection.stream<N>('SELECT n FROM series(?)', [100], { fetchSize: 10 })) {
        if (row.n === 15) break
      }
      const wire = bench.driver.wire(pooled.id).slice(1)
      assert.deepEqual(wire, ['stream SELECT n FROM series(?)', 'fetch', 'close stream'])
    },
  },
  {
    id: 'stream: dispose',
    title: 'Stream: disposing of it twice, or after its end, is nothing',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      const [text, parameters] = bench.texts.series(20)
      {
        await using stream = connection.stream<N>(text, parameters, { fetchSize: 5 })
        await stream.next()
        await stream.return()
      }
      await connection.query(select)
    },
  },
  {
    id: 'stream: error in a fetch',
    title: 'Stream: an error in a later fetch rejects the loop, and the connection is free',
    needs: ['script'],
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      bench.driver.failNext('fetch', serializationFailure(), { after: 1 })
      const seen: number[] = []
      await fails(async () => {
        for await (const row of connection.stream<N>('SELECT n FROM series(?)', [30], { fetchSize: 10 })) {
          seen.push(row.n)
        }
      }, '40001')
      assert.equal(seen.length, 10)
      await connection.query(select)
    },
  },
  {
    id: 'stream: death in a fetch',
    title: 'Stream: when the session is lost while it is open, the next row rejects, after one error event',
    needs: ['kill'],
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      // More than buffers on the way hold: what they hold is brought.
      const [text, parameters] = bench.texts.series(2_000_000)
      const stream = connection.stream<N>(text, parameters, { fetchSize: 1 })
      await stream.next()
      await bench.kill(pooled.id)
      await assert.rejects(async () => {
        while ((await stream.next()).done !== true);
      })
      assert.deepEqual(log.events, ['error'])
    },
  },
  {
    id: 'stream: close of the connection',
    title: 'Stream: closing the connection ends it; the session is clean for the next',
    async run(bench) {
      const { pooled, log } = await listened(bench)
      const connection = pooled.getConnection()
      const [text, parameters] = bench.texts.series(1_000)
      const stream = connection.stream<N>(text, parameters, { fetchSize: 10 })
      await stream.next()
      await connection.close()
      assert.deepEqual(log.events, ['closed'])
      await fails(stream.next(), '08003')
      await stream.return()
      assert.deepEqual(await idsOf(pooled), [])
    },
  },
  {
    id: 'stream: in a transaction',
    title: 'Stream: one left open in a block is ended with it, and does not pretend to have been read',
    async run(bench) {
      const pooled = await bench.connect()
      const connection = pooled.getConnection()
      const [text, parameters] = bench.texts.series(100)
      const stream = await connection.transaction(async (transaction) => {
        await transaction.execute(insertText, [1, 'a', 1])
        const open = transaction.stream<N>(text, parameters, { fetchSize: 10 })
        await open.next()
        await fails(transaction.query(select), 'HY010')
        return open
      })
      await fails(stream.next(), ['24000', '25000'])
      await connection.close()
      assert.deepEqual(await idsOf(pooled), [1])
    },
  },
  {
    id: 'stream: fetchSize',
    title: 'Stream: a fetch size that is no whole number from 1 is refused (HY024)',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      for (const fetchSize of [0, -1, 1.5, NaN, Infinity]) {
        await fails(connection.stream(select, [], { fetchSize }).next(), 'HY024')
      }
      await connection.query(select)
    },
  },
  {
    id: 'stream: readers in parallel',
    title: 'Stream: calls of next() that do not wait for one another get the rows in order',
    async run(bench) {
      const connection = (await bench.connect()).getConnection()
      const [text, parameters] = bench.texts.series(5)
      const stream = connection.stream<N>(text, parameters, { fetchSize: 2 })
      const results = await Promise.all(Array.from({ length: 7 }, () => stream.next()))
      assert.deepEqual(
        results.map((result) => (result.done === true ? 'done' : result.value.n)),
        [1, 2, 3, 4, 5, 'done', 'done'],
      )
    },
  },
]
