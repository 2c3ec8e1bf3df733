import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeMssql } from './mssql.ts'
import { numberOf, RawMssql } from './tds-client.ts'
import type { MssqlSettings } from './tds-server/database.ts'

await describeMssql('What SQL Server says when something is wrong', (server) => {
  let settings: MssqlSettings
  let client: RawMssql
  const open = (): Promise<RawMssql> =>
    RawMssql.connect(settings, { encrypt: server.encrypts, trustServerCertificate: true })

  beforeAll(async () => {
    settings = await server.database()
    client = await open()
    await client.batch(`CREATE TABLE account (id INT NOT NULL PRIMARY KEY, owner NVARCHAR(40) NOT NULL, balance DECIMAL(38, 10))
      INSERT INTO account VALUES (1, N'Ada', 10.5), (2, N'Bob', 20)`)
  })

  afterAll(() => client.close())

  it.each<[number, string]>([
    [102, 'SELECT 1 +'],
    [102, 'SELECT )'],
    [103, `SELECT 1 AS [${'x'.repeat(129)}]`],
    [105, `SELECT 'x`],
    [113, 'SELECT /* 1'],
    [137, 'SELECT @x'],
    [195, 'SELECT no_such_function(1)'],
    [2812, 'SELEC 1'],
    [207, 'SELECT nothing FROM account'],
    [208, 'SELECT * FROM nowhere'],
    [209, 'SELECT id FROM account AS a JOIN account AS b ON a.id = b.id'],
    [220, 'SELECT CAST(300 AS TINYINT)'],
    [8115, 'SELECT 2147483647 + 1'],
    [8115, 'SELECT CAST(1000 AS DECIMAL(3, 0))'],
    [8134, 'SELECT 1 / 0'],
    [241, `SELECT CAST('no date' AS DATE)`],
    [8114, `SELECT CAST(N'x' AS DECIMAL(5, 2))`],
    [8169, `SELECT CAST('x' AS UNIQUEIDENTIFIER)`],
    [512, 'SELECT (SELECT id FROM account)'],
    [515, 'INSERT INTO account (id) VALUES (7)'],
    [547, 'CREATE TABLE positive (n INT CHECK (n > 0)) INSERT INTO positive VALUES (-1)'],
    [547, 'CREATE TABLE entry (id INT REFERENCES account(id)) INSERT INTO entry VALUES (99)'],
    [547, 'INSERT INTO entry VALUES (1) DELETE FROM account WHERE id = 1'],
    [2601, "CREATE UNIQUE INDEX ix_owner ON account (owner) INSERT INTO account VALUES (8, N'Ada', 0)"],
    [2628, `UPDATE account SET owner = N'${'x'.repeat(41)}'`],
    [2714, 'CREATE TABLE account (n INT)'],
    [50_000, `RAISERROR(N'%s has %d', 16, 1, N'Ada', 5)`],
    [51_000, `THROW 51000, N'mine', 1`],
  ])('%i: %s', async (number, text) => {
    expect(await numberOf(client.batch(text))).toEqual(number)
  })

  it('tells class, state, line and the words', async () => {
    const unique = client.batch(`SELECT 1\n\nINSERT INTO account VALUES (1, N'Eve', 0)`)
    await expect(unique).rejects.toMatchObject({ number: 2627, class: 14, state: 1, lineNumber: 3 })
    await expect(unique).rejects.toThrow(
      /^Violation of PRIMARY KEY constraint '.*'\. Cannot insert duplicate key in object 'dbo\.account'\. The duplicate key value is \(1\)\.$/,
    )
    expect(client.messages.at(-1)).toEqual([3621, 'The statement has been terminated.'])
    await client.batch('CREATE TABLE part (id INT CONSTRAINT fk_part REFERENCES account(id))')
    await expect(client.batch('INSERT INTO part VALUES (99)')).rejects.toThrow(
      `The INSERT statement conflicted with the FOREIGN KEY constraint "fk_part". The conflict occurred in database "${settings.database}", table "dbo.`,
    )
    await client.batch('INSERT INTO part VALUES (2)')
    await expect(client.batch('DELETE FROM account WHERE id = 2')).rejects.toThrow(
      'The DELETE statement conflicted with the REFERENCE constraint "fk_part".',
    )
    await expect(client.batch('INSERT INTO account (id, owner) VALUES (5, NULL)')).rejects.toThrow(
      `Cannot insert the value NULL into column 'owner', table '${settings.database}.dbo.account'; column does not allow nulls. INSERT fails.`,
    )
  })

  it
    .runIf(server.isDouble)
    .each<[string]>([
      ['DECLARE @t SOMETHING'],
      ['MERGE INTO account USING account AS b ON 1 = 1 WHEN MATCHED THEN DELETE;'],
      ['SELECT * FROM account FOR XML AUTO'],
      [`SELECT STUFF(N'abc', 1, 1, N'')`],
      ['BEGIN TRY SELECT 1 END TRY BEGIN CATCH END CATCH'],
      ['SET ANSI_NULLS OFF'],
      ['EXEC sp_who'],
      [`SELECT owner FROM account WHERE owner LIKE '[A-C]%'`],
      ['SELECT QUOTENAME(1)'],
      ['SELECT * FROM sys.tables'],
      ['SELECT * FROM other.dbo.account'],
      ['CREATE PROCEDURE p AS SELECT 1'],
      ['UPDATE a SET owner = owner FROM account AS a'],
      ['SELECT CONVERT(VARCHAR(10), 1, 120)'],
      ['CREATE TABLE ##global (n INT)'],
    ])('the double refuses what it does not know, and never guesses: %s', async (text) => {
    expect(await numberOf(client.batch(text))).toEqual(50_404)
    expect(await client.value('SELECT COUNT(*) FROM account')).toBe(2)
  })
})
