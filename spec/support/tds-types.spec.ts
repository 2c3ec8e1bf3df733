import { connect, type Socket } from 'node:net'
import { TYPES } from 'tedious'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeMssql } from './mssql.ts'
import { RawMssql, type RawParameter } from './tds-client.ts'
import type { MssqlSettings } from './tds-server/database.ts'

await describeMssql('The types of SQL Server, on the double as well', (server) => {
  let settings: MssqlSettings
  let client: RawMssql
  let socket: Socket

  beforeAll(async () => {
    settings = await server.database()
    // The bytes of the answers are read beside the client, which rounds decimals.
    const connector = async (): Promise<Socket> => {
      socket = connect(settings.port, settings.host)
      return await Promise.resolve(socket)
    }
    const options = { connector, encrypt: server.encrypts, trustServerCertificate: true }
    client = await RawMssql.connect(settings, options)
  })

  afterAll(() => client.close())

  const utc = (text: string): Date => new Date(`${text}Z`)

  it.each<[string, RawParameter[1], unknown, unknown?]>([
    ['BIT', TYPES.Bit, true],
    ['TINYINT', TYPES.TinyInt, 255],
    ['SMALLINT', TYPES.SmallInt, -32_768],
    ['INT', TYPES.Int, -2_147_483_648],
    ['BIGINT', TYPES.BigInt, '-9223372036854775808'],
    ['REAL', TYPES.Real, 1.5],
    ['FLOAT', TYPES.Float, 1.7976931348623157e308],
    ['MONEY', TYPES.Money, 1_234.5678],
    ['SMALLMONEY', TYPES.SmallMoney, -214_748.3648],
    ['CHAR(4)', TYPES.Char, 'ab', 'ab  '],
    ['VARCHAR(20)', TYPES.VarChar, 'Zürich €'],
    ['VARCHAR(MAX)', TYPES.VarChar, 'x'.repeat(9_000)],
    ['NCHAR(3)', TYPES.NChar, '日本', '日本 '],
    ['NVARCHAR(20)', TYPES.NVarChar, '😀 日本'],
    ['NVARCHAR(MAX)', TYPES.NVarChar, '日'.repeat(5_000)],
    ['NVARCHAR(5)', TYPES.NVarChar, ''],
    ['VARBINARY(4)', TYPES.VarBinary, Buffer.of(0, 255)],
    ['BINARY(2)', TYPES.VarBinary, Buffer.of(0, 255)],
    ['VARBINARY(MAX)', TYPES.VarBinary, Buffer.alloc(20_000, 7)],
    ['DATE', TYPES.Date, utc('0001-01-01T00:00:00')],
    ['DATE', TYPES.Date, utc('9999-12-31T00:00:00')],
    ['TIME(3)', TYPES.Time, utc('1970-01-01T23:59:59.999')],
    ['DATETIME2(7)', TYPES.DateTime2, utc('0001-01-01T00:00:00.001')],
    ['DATETIME2(3)', TYPES.DateTime2, utc('9999-12-31T23:59:59.999')],
    ['DATETIME', TYPES.DateTime, utc('1753-01-01T00:00:00.007')],
    ['SMALLDATETIME', TYPES.SmallDateTime, utc('2079-06-06T23:59:00')],
    ['DATETIMEOFFSET(7)', TYPES.DateTimeOffset, utc('9999-12-31T23:59:59.999')],
    ['UNIQUEIDENTIFIER', TYPES.UniqueIdentifier, '00112233-4455-6677-8899-AABBCCDDEEFF'],
  ])('%s is kept: as a parameter, in a table, and NULL', async (type, parameterType, value, back = value) => {
    const maker = (given: unknown): RawParameter => ['v', parameterType, given]
    await client.batch(`DROP TABLE IF EXISTS kept CREATE TABLE kept (id INT IDENTITY, v ${type})`)
    await client.query('INSERT INTO kept (v) VALUES (@v), (NULL)', [maker(value)])
    await client.query('INSERT INTO kept (v) VALUES (@v)', [maker(null)])
    const { rows, names } = await client.query('SELECT v FROM kept ORDER BY id')
    expect(names).toEqual(['v'])
    expect(rows.map(([first]) => plain(first))).toEqual([plain(back), null, null])
    expect(plain(await client.value(`SELECT CAST(@v AS ${type})`, [maker(value)]))).toEqual(plain(back))
    expect(await client.value('SELECT @v', [maker(null)])).toBe(null)
    expect(await client.value('SELECT COUNT(*) FROM kept WHERE v = @v', [maker(value)])).toBe(1)
  })

  it.skipIf(server.encrypts)('DECIMAL has 38 digits, in the table and on the wire', async () => {
    const digits = '12345678901234567890123456789.123456789'
    await client.batch(
      `CREATE TABLE exact (d DECIMAL(38, 9)) INSERT INTO exact VALUES (${digits}), (-0.000000001)`,
    )
    const bytes: Buffer[] = []
    socket.on('data', (chunk: Buffer) => bytes.push(chunk))
    await client.query('SELECT d, d + 1 AS computed FROM exact ORDER BY d DESC')
    const hex = Buffer.concat(bytes).toString('hex')
    const unscaled = BigInt(digits.replace('.', ''))
    for (const [sign, value] of [
      ['01', unscaled],
      ['00', 1n],
      ['01', unscaled + 1_000_000_000n],
    ] as const) {
      expect(hex).toContain(`11${sign}${littleEndian(value)}`)
    }
    expect(await client.value('SELECT CAST(d AS VARCHAR(40)) FROM exact WHERE d > 0')).toBe(digits)
    const sum = 'SELECT CAST(SUM(d) AS VARCHAR(40)) FROM exact WHERE d <> @none'
    expect(await client.value(sum, [['none', TYPES.NVarChar, '-0.000000001']])).toBe(digits)
  })

  it('computes with the types that SQL Server would have', async () => {
    const { rows } =
      await client.query(`SELECT 7 / 2, 7 % 4, 2 / 3.0, 1.5 * 2, N'a' + N'b', 'n' + CAST(5 AS VARCHAR(9)),
      CAST(1.9 AS INT), CAST(N'5' AS INT), CAST(7 AS BIT), UPPER(N'ä'), LEN(N'ab  '), ISNULL(NULL, N'x'),
      IIF(1 > 2, 1, 2), CASE WHEN 1 = 1 THEN N'yes' END, COALESCE(NULL, 3), 0x00ff, SUBSTRING(N'abc', 2, 9)`)
    expect(rows).toEqual([
      [3, 3, 0.666666, 3, 'ab', 'n5', 1, 5, true, 'Ä', 2, 'x', 2, 'yes', 3, Buffer.of(0, 255), 'bc'],
    ])
  })

  it('takes a text where another type is wanted, as SQL Server converts it', async () => {
    await client.batch(
      `CREATE TABLE wanted (n INT, d DATE, t DATETIME2(3), u UNIQUEIDENTIFIER, x DECIMAL(9, 2))`,
    )
    const given = [
      '7',
      '2026-01-31',
      '2026-01-31T12:00:00.5',
      '00112233-4455-6677-8899-AABBCCDDEEFF',
      '12.50',
    ]
    const parameters = given.map((text, at) => [`p${at}`, TYPES.NVarChar, text] as const)
    await client.query('INSERT INTO wanted VALUES (@p0, @p1, @p2, @p3, @p4)', parameters)
    await client.query('INSERT INTO wanted SELECT @p0, @p1, @p2, @p3, @p4', parameters)
    const where = 'n = @p0 AND d = @p1 AND t >= @p2 AND u = @p3 AND x = @p4'
    expect(await client.value(`SELECT COUNT(*) FROM wanted WHERE ${where}`, parameters)).toBe(2)
  })

  it('names columns as they are called in the text, or in the table', async () => {
    await client.batch(
      `CREATE TABLE Named (Id INT IDENTITY(5, 5) PRIMARY KEY, [Full Name] NVARCHAR(20) DEFAULT N'?')`,
    )
    const inserted = await client.batch('INSERT INTO named OUTPUT INSERTED.ID, INSERTED.* DEFAULT VALUES')
    expect(inserted).toMatchObject({ names: ['ID', 'Id', 'Full Name'], rows: [[5, 5, '?']], count: 1 })
    expect((await client.batch('SELECT n.*, id AS [Größe], 1 FROM Named AS n')).names).toEqual([
      'Id',
      'Full Name',
      'Größe',
      '',
    ])
    expect(await client.value('SELECT SCOPE_IDENTITY()')).toBe(5)
    expect((await client.batch('DELETE FROM named OUTPUT DELETED.id')).rows).toEqual([[5]])
    await expect(client.batch('INSERT INTO named (id) VALUES (1)')).rejects.toMatchObject({ number: 544 })
  })

  it('answers with as many columns as SQL Server takes', async () => {
    const list = Array.from({ length: 1_600 }, (_, at) => `${at} AS c${at}`)
    const { rows, names } = await client.query(`SELECT ${list.join(', ')}`)
    expect([rows[0]!.length, rows[0]!.at(-1), names.at(-1)]).toEqual([1_600, 1_599, 'c1599'])
  })

  it('pages, joins and groups', async () => {
    await client.batch(`CREATE TABLE city (id INT PRIMARY KEY, name NVARCHAR(20), zip INT NULL)
      INSERT INTO city VALUES (1, N'Basel', 4000), (2, N'Bern', NULL), (3, N'Chur', 7000)`)
    const rowsOf = async (text: string): Promise<unknown[][]> => (await client.query(text)).rows
    expect(await rowsOf('SELECT TOP (2) id FROM city ORDER BY zip')).toEqual([[2], [1]])
    expect(
      await rowsOf('SELECT id FROM city ORDER BY zip DESC OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY'),
    ).toEqual([[1]])
    expect(
      await rowsOf(
        `SELECT LEFT(name, 1) AS l, COUNT(*), SUM(zip) FROM dbo.city GROUP BY LEFT(name, 1) HAVING COUNT(*) > 1`,
      ),
    ).toEqual([['B', 2, 4_000]])
    expect(
      await rowsOf(`WITH b AS (SELECT id, name FROM city WHERE name LIKE N'B%')
      SELECT b.name, c.id FROM b LEFT JOIN city AS c ON c.id = b.id + 1 ORDER BY b.id`),
    ).toEqual([
      ['Basel', 2],
      ['Bern', 3],
    ])
    expect(
      await rowsOf(
        'SELECT id FROM city WHERE EXISTS (SELECT 1 FROM (VALUES (1), (9)) AS v(n) WHERE v.n = id)',
      ),
    ).toEqual([[1]])
    expect(
      await rowsOf(
        'SELECT 1 UNION ALL SELECT id FROM city WHERE id IN (1, 2) AND NOT (id = 2 OR zip IS NULL)',
      ),
    ).toEqual([[1], [1]])
    expect(
      await rowsOf('SELECT id, ROW_NUMBER() OVER (ORDER BY name DESC) AS n FROM city ORDER BY n'),
    ).toEqual([
      [3, '1'],
      [2, '2'],
      [1, '3'],
    ])
  })

  it.runIf(server.isDouble)('refuses what it could only guess', async () => {
    const refused = { number: 50_404 }
    await expect(
      client.batch(`SELECT 1 / CAST(3 AS FLOAT) + CAST(CAST(0.1 AS FLOAT) AS VARCHAR(9))`),
    ).rejects.toMatchObject(refused)
    await expect(client.batch('SELECT 1 UNION ALL SELECT 1.5')).rejects.toMatchObject(refused)
    await expect(client.batch('SELECT AVG(d) FROM (VALUES (1.5)) AS v(d)')).rejects.toMatchObject(refused)
    await client.batch('CREATE TABLE uneven (d DECIMAL(9, 4)) INSERT INTO uneven VALUES (1), (3)')
    await expect(client.batch('SELECT 1 / d FROM uneven ORDER BY d')).resolves.toMatchObject({ count: 2 })
    expect(await client.value('SELECT @v', [['v', TYPES.NVarChar, 'a\0']])).toBe('a\0')
    await expect(client.value('SELECT @v', [['v', TYPES.NVarChar, 'a\ufdd0']])).rejects.toMatchObject(refused)
    const fine = Object.assign(new Date(0), { nanosecondDelta: 1e-7 })
    await expect(client.value('SELECT @v', [['v', TYPES.DateTime2, fine]])).rejects.toMatchObject(refused)
  })
})

function littleEndian(value: bigint): string {
  return Buffer.from(new BigUint64Array([value & 0xffff_ffff_ffff_ffffn, value >> 64n]).buffer).toString(
    'hex',
  )
}

/** Dates of the client carry more than a date. */
function plain(value: unknown): unknown {
  return value instanceof Date ? value.toISOString() : value
}
