import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import { mssqlDriver, MssqlSession, type BulkRows, type BulkValue } from '../../../drivers/mssql/index.ts'
import { createDataSource, type PooledDataSource } from '../../../src/index.ts'
import { describeMssql } from '../../support/mssql.ts'
import type { MssqlSettings } from '../../support/tds-server/database.ts'
import { failure, tlsOf } from './support.ts'

const columns = [
  'id',
  'amount',
  'paid',
  'word',
  'narrow',
  'bytes',
  'day',
  'moment',
  'instant',
  'key',
  'yes',
  'x',
]

const rows: readonly BulkValue[][] = [
  [
    1,
    '12345678901234567890123456789012345.678',
    '922337203685477.5807',
    'ä😀'.repeat(5_000),
    'é',
    Uint8Array.from({ length: 9_000 }, (_, n) => n),
    '2026-01-31',
    '2026-01-31T12:00:00.123456',
    '2026-01-31T12:00:00+02:00',
    'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
    true,
    0.1,
  ],
  [2, '-0.1', -1, '', '', new Uint8Array(), '0001-01-01', new Date(0), new Date(0), null, false, -1],
  [3n, 7, null, null, null, null, null, null, null, null, null, null],
]

await describeMssql('a bulk load into SQL Server', (server) => {
  let settings: MssqlSettings & { readonly tls: string }
  let source: PooledDataSource

  beforeAll(async () => {
    settings = { ...(await server.database()), ...tlsOf(server) }
    source = createDataSource({ ...settings, driver: mssqlDriver, maximumPoolSize: 2 })
    await source.execute(`CREATE TABLE loaded (
      id INT PRIMARY KEY, amount DECIMAL(38, 3), paid MONEY, word NVARCHAR(MAX), narrow VARCHAR(5), bytes VARBINARY(MAX),
      day DATE, moment DATETIME2(6), instant DATETIMEOFFSET(6), [key] UNIQUEIDENTIFIER, yes BIT, x FLOAT)`)
    await source.execute('CREATE TABLE plain (id INT PRIMARY KEY, small TINYINT, d DECIMAL(5, 2))')
    return () => source.close()
  })

  const load = (
    table: string,
    names: readonly string[],
    given: BulkRows,
    options?: object,
  ): Promise<number> =>
    source.withConnection((connection) =>
      connection.unwrap(MssqlSession).bulkLoad(table, names, given, options),
    )

  it('brings every value as it is, by their columns', async () => {
    expect(await load('loaded', columns, rows)).toBe(3)
    const found = await source.query<unknown[]>('SELECT * FROM loaded ORDER BY id', [], { rowMode: 'array' })
    expect(found.rows).toEqual([
      [
        1,
        '12345678901234567890123456789012345.678',
        '922337203685477.5807',
        'ä😀'.repeat(5_000),
        'é',
        rows[0]![5],
        '2026-01-31',
        '2026-01-31T12:00:00.123456',
        '2026-01-31T10:00:00Z',
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
        true,
        0.1,
      ],
      [
        2,
        '-0.100',
        '-1.0000',
        '',
        '',
        new Uint8Array(),
        '0001-01-01',
        '1970-01-01T00:00:00',
        '1970-01-01T00:00:00Z',
        null,
        false,
        -1,
      ],
      [3, '7.000', null, null, null, null, null, null, null, null, null, null],
    ])
  })

  it('takes rows as they are made, and reads no more of them than the server takes', async () => {
    await source.execute('DELETE FROM plain')
    const many = async function* (): AsyncGenerator<BulkValue[]> {
      for (let id = 0; id < 20_000; id++) {
        if (id % 5_000 === 0) await sleep(1)
        yield [id, id % 256, `${id % 1000}.25`]
      }
    }
    expect(await load('plain', ['id', 'small', 'd'], many())).toBe(20_000)
    const { rows: sums } = await source.query('SELECT COUNT(*) AS n, SUM(d) AS s FROM plain')
    expect(sums).toEqual([{ n: 20_000, s: '9995000.00' }])
    await source.execute('DELETE FROM plain')
    expect(await load('plain', ['id'], [])).toBe(0)
  })

  it.each([
    ['a whole number that is too large', [2 ** 40, 1, 1], '22003'],
    ['places that the column has not', [1, 1, '1.005'], '22003'],
    ['more digits than the column has', [1, 1, '1000'], '22003'],
    ['a text that is no number', [1, 'secret', 1], '22018'],
    ['undefined', [1, undefined, 1], 'HY105'],
    ['too few values', [1], '07001'],
    ['no row', 5, '07001'],
  ])('with %s tells the row, loads nothing, and leaves the session as it was', async (_, wrong, sqlState) => {
    await source.execute('DELETE FROM plain')
    await source.withConnection(async (connection) => {
      const given = [[1, 1, 1], [2, 2, 2], wrong] as BulkRows
      const session = connection.unwrap(MssqlSession)
      const error = await failure(session.bulkLoad('plain', ['id', 'small', 'd'], given))
      expect([error.name, error.message]).toEqual([
        'BatchUpdateException',
        expect.stringMatching(/^Row 2 of the batch failed: /) as string,
      ])
      expect(error.message).not.toContain('secret')
      expect(error.sqlState).toBe(sqlState)
      expect((await connection.query('SELECT id FROM plain')).rows).toEqual([])
    })
  })

  it('rejects with what its source throws, and with what the server says; nothing is loaded', async () => {
    await source.execute('DELETE FROM plain')
    const own = new Error('of the application')
    const failing = function* (): Generator<BulkValue[]> {
      yield [1, 1, 1]
      throw own
    }
    await expect(load('plain', ['id', 'small', 'd'], failing())).rejects.toBe(own)
    const twice = await failure(load('plain', ['id'], [[1], [1]]))
    expect(twice.sqlState).toBe('23505')
    expect((await failure(load('missing', ['id'], []))).sqlState).toBe('42P01')
    expect((await failure(load('plain', ['missing'], []))).sqlState).toBe('42703')
    expect((await source.query('SELECT id FROM plain')).rows).toEqual([])
    expect(source.statistics().counters.closed.broken).toBe(0)
  })

  it('ends with its deadline, also while the source gives nothing', async () => {
    await source.execute('DELETE FROM plain')
    const state = { ended: false }
    const endless = async function* (): AsyncGenerator<BulkValue[]> {
      try {
        for (let id = 0; ; id++) {
          yield [id]
          await sleep(20)
        }
      } finally {
        state.ended = true
      }
    }
    const error = await failure(load('plain', ['id'], endless(), { timeout: 150 }))
    expect(error.sqlState).toBe('HYT00')
    expect((await source.query('SELECT id FROM plain')).rows).toEqual([])
    while (!state.ended) await sleep(2)
  })

  it('is part of the transaction around it, refuses others meanwhile, and changes nothing that only reads', async () => {
    await source.execute('DELETE FROM plain')
    const undone = new Error('undone')
    await expect(
      source.transaction(async (transaction) => {
        const loading = transaction.unwrap(MssqlSession).bulkLoad('plain', ['id'], [[1], [2]])
        expect((await failure(transaction.query('SELECT 1'))).sqlState).toBe('HY010')
        expect(await loading).toBe(2)
        expect((await transaction.query('SELECT id FROM plain')).rows).toHaveLength(2)
        throw undone
      }),
    ).rejects.toBe(undone)
    expect((await source.query('SELECT id FROM plain')).rows).toEqual([])
    const reading = source.withConnection({ readOnly: true }, (connection) =>
      connection.unwrap(MssqlSession).bulkLoad('plain', ['id'], [[1]]),
    )
    expect((await failure(reading)).sqlState).toBe('25006')
  })
})
