import { describe, expect, it } from 'vitest'
import type { Channel } from '../../../drivers/sqlite/channel.ts'
import { compile, countTo, modes, newFile, open, raw, refusal, rows, run } from './support.ts'

const numbers = (limit: number): string => countTo(limit).replace('count(*) AS n', 'n')

describe.each(modes)('A stream (%s)', (mode) => {
  it('comes in portions', async () => {
    const connection = await open({ mode })
    const stream = connection.stream(compile(numbers(25)), [], 10)
    expect(stream.columns).toEqual([])
    const portions: number[] = []
    for (;;) {
      const { rows: portion, done } = await stream.fetch()
      portions.push(portion.length)
      if (done) break
    }
    expect(portions).toEqual([10, 10, 5])
    expect(stream.columns).toEqual([{ name: 'n', type: 'OTHER', databaseType: '' }])
    expect(await stream.fetch()).toEqual({ rows: [], done: true })
    await stream.close()
    expect(await rows(connection, 'SELECT 1')).toEqual([[1]])
  })

  it('steps only for what is asked for', async () => {
    // Endless: one row more than asked for would be fine, all of them never end.
    const connection = await open({ mode })
    const stream = connection.stream(compile(numbers(Number.MAX_SAFE_INTEGER)), [], 3)
    expect((await stream.fetch()).rows).toEqual([[1], [2], [3]])
    expect((await stream.fetch()).rows).toEqual([[4], [5], [6]])
    await stream.close()
    await stream.close()
    expect(await stream.fetch()).toEqual({ rows: [], done: true })
    expect(await rows(connection, 'SELECT 1')).toEqual([[1]])
  })

  it('closed early lets go of its snapshot', async () => {
    const path = newFile()
    const connection = await open({ mode, path })
    await run(connection, 'CREATE TABLE t (id)')
    await run(connection, `INSERT INTO t ${numbers(100)}`)
    const stream = connection.stream(compile('SELECT id FROM t'), [], 10)
    await stream.fetch()
    const other = raw(path)
    other.exec('DELETE FROM t')
    // A reader of the old state keeps the log.
    expect(other.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()).toMatchObject({ busy: 1 })
    await stream.close()
    expect(other.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()).toMatchObject({ busy: 0 })
    expect(await rows(connection, 'SELECT count(*) FROM t')).toEqual([[0]])
  })

  it('closed before its first fetch never runs', async () => {
    const requests: unknown[] = []
    const spy = (channel: Channel): Channel => ({
      place: channel.place,
      destroyIsImmediate: channel.destroyIsImmediate,
      send(message) {
        requests.push(message)
        channel.send(message)
      },
      destroy: () => channel.destroy(),
    })
    const connection = await open({ mode, channel: spy })
    requests.length = 0
    const stream = connection.stream(compile('SELECT 1'), [], 10)
    await stream.close()
    expect(await stream.fetch()).toEqual({ rows: [], done: true })
    expect(requests).toEqual([])
  })

  it('a failure ends it, at the beginning or in the middle', async () => {
    const connection = await open({ mode })
    const wrong = connection.stream(compile('SELECT * FROM missing'), [], 10)
    expect(await refusal(wrong.fetch())).toMatchObject({ reason: 'undefined-object' })
    expect(await wrong.fetch()).toEqual({ rows: [], done: true })
    const later = connection.stream(
      compile(
        numbers(20).replace(
          'SELECT n FROM',
          'SELECT abs(CASE n WHEN 15 THEN -9223372036854775807 - 1 ELSE n END) FROM',
        ),
      ),
      [],
      10,
    )
    expect((await later.fetch()).rows).toHaveLength(10)
    expect(await refusal(later.fetch())).toMatchObject({ sqlState: '22003' })
    await later.close()
    expect(await rows(connection, 'SELECT 1')).toEqual([[1]])
    const unfit = connection.stream(compile('SELECT ?'), [Number.NaN], 10)
    expect(await refusal(unfit.fetch())).toMatchObject({ sqlState: '22003' })
    await unfit.close()
  })

  it('converts by declared type, and waits for a lock at its beginning', async () => {
    const path = newFile()
    const connection = await open({ mode, path })
    await run(connection, 'CREATE TABLE t (id INTEGER, big BIGINT)')
    const holder = raw(path)
    holder.exec('BEGIN IMMEDIATE')
    const stream = connection.stream(compile('INSERT INTO t VALUES (1, 2), (3, 4) RETURNING id, big'), [], 10)
    const answer = stream.fetch()
    setImmediate(() => holder.exec('COMMIT'))
    expect(await answer).toEqual({
      rows: [
        [1, 2n],
        [3, 4n],
      ],
      done: true,
    })
    expect(stream.columns.map(({ type }) => type)).toEqual(['INTEGER', 'BIGINT'])
  })
})
