import { describe, expect, it } from 'vitest'
import { EngineHost } from '../../../drivers/sqlite/host.ts'
import type { FromEngine, Request } from '../../../drivers/sqlite/protocol.ts'
import { StatementNumbers } from '../../../drivers/sqlite/statement-numbers.ts'
import { newFile, raw, until } from './support.ts'

describe('A request that waits for a lock', () => {
  it('is stopped by its own number only', async () => {
    const path = newFile()
    const said: FromEngine[] = []
    const host = new EngineHost(
      (message) => said.push(message),
      () => undefined,
    )
    const options = {
      path,
      readOnly: false,
      journalMode: 'wal',
      synchronous: 'off',
      foreignKeys: true,
      busyTimeout: Infinity,
      nativeValues: false,
    } as const
    host.receive([
      ['open', options],
      ['script', 'CREATE TABLE t (id)'],
    ])
    const holder = raw(path)
    holder.exec('BEGIN IMMEDIATE')
    const insert: Request = ['execute', 1, { sql: 'INSERT INTO t VALUES (1)' }, []]
    host.receive([insert, ['ping']])
    expect(said.at(-1)).toBe(2)
    // A cancel that comes late, and one that comes early.
    host.receive(1)
    host.receive(3)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(said.at(-1)).toBe(2)
    host.receive(2)
    expect(said.at(-1)).toMatchObject([
      ['failed', false, { ours: 'cancelled' }],
      ['done', false],
    ])
    host.receive([insert])
    expect(said.at(-1)).toBe(4)
    holder.exec('COMMIT')
    await until(() => said.at(-1) !== 4)
    expect(said.at(-1)).toEqual([['result', false, [], 1, []]])
    host.stop()
  })
})

describe('The texts that an engine keeps', () => {
  it('are named once, and forgotten when others were used since', () => {
    const numbers = new StatementNumbers(2)
    const [a, toldOfA] = numbers.find('a')
    expect(toldOfA).toEqual({ sql: 'a', forget: undefined })
    const [b] = numbers.find('b')
    expect(numbers.find('a')).toEqual([a, undefined])
    expect(numbers.find('c')[1]).toEqual({ sql: 'c', forget: b.number })
    expect(numbers.find('b')[1]).toEqual({ sql: 'b', forget: a.number })
  })
})
