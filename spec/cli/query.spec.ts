import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, beforeEach } from 'vitest'
import { asJson, configure, wellhead, workingFolder } from './support.ts'

workingFolder()

const query = (...args: string[]) => wellhead(['query', 'db', ...args])
const table = (columns: number, ...args: string[]) => wellhead(['query', 'db', ...args], { columns })

let count = 0
beforeEach(() => {
  configure(`dataSources: { db: { url: 'sqlite:${++count}.db' } }`)
  const database = new DatabaseSync(`${count}.db`)
  database.exec(`
    CREATE TABLE account (id INTEGER PRIMARY KEY, name VARCHAR(100), balance DECIMAL(10, 2), opened DATE);
    INSERT INTO account VALUES
      (1, 'Anna', 12.5, '2026-01-31'), (2, 'Bo, "the" 2nd', NULL, NULL), (3, '', -1, NULL);
    CREATE TABLE big (n BIGINT);
    INSERT INTO big VALUES (9007199254740993)`)
  database.close()
})

describe('query', () => {
  it('writes CSV into a pipe: NULL is nothing, an empty text is ""', async () => {
    expect(await query('SELECT id, name, balance, opened FROM account ORDER BY id')).toEqual({
      code: 0,
      stdout: 'id,name,balance,opened\n1,Anna,12.5,2026-01-31\n2,"Bo, ""the"" 2nd",,\n3,"",-1,\n',
      stderr: '',
    })
  })

  it('writes a table on a terminal, numbers to the right', async () => {
    const { stdout } = await table(80, 'SELECT * FROM account ORDER BY id')
    expect(stdout.split('\n')).toEqual([
      expect.stringContaining('id  name           balance  opened'),
      '--  -------------  -------  ----------',
      ' 1  Anna              12.5  2026-01-31',
      ' 2  Bo, "the" 2nd     NULL  NULL',
      ' 3                      -1  NULL',
      '(3 rows)',
      '',
    ])
    expect(await query('SELECT id FROM account WHERE id = 3', '--format', 'table')).toMatchObject({
      stdout: 'id\n--\n 3\n(1 row)\n',
    })
  })

  it('cuts a table to the terminal, the widest columns first, and nothing where there is none', async () => {
    const sql = "SELECT 1 AS n, printf('%.*c', 90, 'x') AS long, printf('%.*c', 30, 'y') AS middle"
    const { stdout } = await table(40, sql)
    expect(stdout.split('\n')[2]).toBe(`1  ${'x'.repeat(16)}…  ${'y'.repeat(16)}…`)
    const whole = await query(sql, '--format', 'table')
    expect(whole.stdout).toContain(`1  ${'x'.repeat(90)}  ${'y'.repeat(30)}\n`)
  })

  it('shows what would harm a terminal as escapes, in tables only', async () => {
    const sql = "SELECT 'a' || char(27) || '[31m' || char(10) || char(9) || char(0x202e) || 'b' AS t"
    expect((await table(80, sql)).stdout).toContain('a\\x1b[31m\\n\\t\\u202eb\n')
    expect((await query(sql)).stdout).toBe('t\n"a\u001b[31m\n\t\u202eb"\n')
  })

  it('writes JSON: one document, exact numbers as texts, binary in base64', async () => {
    const { json, code, stderr } = await asJson([
      'query',
      'db',
      "SELECT n, balance, opened, x'00ff' AS bytes FROM account, big WHERE id < 3 ORDER BY id",
    ])
    expect([code, stderr]).toEqual([0, ''])
    expect(json).toEqual({
      columns: [
        expect.objectContaining({ name: 'n' }),
        expect.objectContaining({ name: 'balance', type: 'DECIMAL' }),
        expect.objectContaining({ name: 'opened', type: 'DATE' }),
        expect.objectContaining({ name: 'bytes' }),
      ],
      rows: [
        { n: '9007199254740993', balance: '12.5', opened: '2026-01-31', bytes: 'AP8=' },
        { n: '9007199254740993', balance: null, opened: null, bytes: 'AP8=' },
      ],
      updateCount: 0,
    })
  })

  it('writes JSON by lines', async () => {
    expect(await query('SELECT id, name FROM account WHERE id <> 2', '--format', 'jsonl')).toMatchObject({
      stdout: '{"id":1,"name":"Anna"}\n{"id":3,"name":""}\n',
    })
  })

  it('has the columns of a result without rows', async () => {
    const sql = 'SELECT id, name FROM account WHERE id = 0'
    expect((await query(sql)).stdout).toBe('id,name\n')
    expect((await query(sql, '--format', 'table')).stdout).toBe('id  name\n--  ----\n(0 rows)\n')
    expect((await asJson(['query', 'db', sql])).json).toMatchObject({
      columns: [{ name: 'id' }, {}],
      rows: [],
    })
    expect((await query(sql, '--format', 'jsonl')).stdout).toBe('')
  })

  it('tells how many rows a statement has changed', async () => {
    const sql = 'UPDATE account SET balance = 1 WHERE id > 1'
    expect((await table(80, sql)).stdout).toBe('2 rows changed\n')
    expect((await query(sql)).stdout).toBe('updateCount\n2\n')
    expect((await asJson(['query', 'db', sql])).json).toEqual({ columns: [], rows: [], updateCount: 2 })
    expect((await query(sql, '--format', 'jsonl')).stdout).toBe('{"updateCount":2}\n')
    expect((await query(`${sql} RETURNING id`)).stdout).toBe('id\n2\n3\n')
  })

  it('takes parameters as texts, or as JSON values', async () => {
    const typed = 'SELECT typeof(?) AS a, typeof(?) AS b, typeof(?) AS c, typeof(?) AS d, typeof(?) AS e'
    const values = ['7', '1.50', 'null', '"7"', 'Basel']
    expect((await query(typed, ...values)).stdout).toBe('a,b,c,d,e\ntext,text,text,text,text\n')
    expect((await query(typed, '--typed', ...values)).stdout).toBe('a,b,c,d,e\ninteger,real,null,text,text\n')
    expect((await query('SELECT name FROM account WHERE id = ?', '1')).stdout).toBe('name\nAnna\n')
    expect((await query('SELECT ? AS a, ? AS b', '--', '--json', '-5')).stdout).toBe('a,b\n--json,-5\n')
    expect((await query('SELECT n FROM big WHERE n = ?', '--typed', '9007199254740993')).stdout).toBe(
      'n\n9007199254740993\n',
    )
  })

  it('reads the statement from the standard input', async () => {
    const outcome = await wellhead(['query', 'db', '-', '2'], {
      stdin: 'SELECT id FROM account\nWHERE id = ?\n',
    })
    expect(outcome).toEqual({ code: 0, stdout: 'id\n2\n', stderr: '' })
  })

  it('tells why a statement failed: exit code 1', async () => {
    expect(await query('SELECT * FROM missing')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'wellhead: no such table: missing (SQLSTATE 42P01, undefined-object)\n',
    })
    expect(await asJson(['query', 'db', 'SELECT * FROM missing'])).toMatchObject({
      code: 1,
      stderr: '',
      json: { error: { name: 'SQLSyntaxErrorException', sqlState: '42P01', reason: 'undefined-object' } },
    })
  })

  it('keeps the rows before a failure, and tells it behind them', async () => {
    // The 100 rows of the first portion were written.
    const sql = `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 200)
                 SELECT CASE n WHEN 150 THEN json('{') ELSE n END AS n FROM n`
    const lines = await query(sql)
    expect(lines).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^n\n1\n2\n[\d\n]*100\n$/) as string,
    })
    expect(lines.stderr).toMatch(/^wellhead: malformed JSON \(SQLSTATE /)
    const { code, stderr, json } = await asJson(['query', 'db', sql])
    expect([code, stderr]).toEqual([1, ''])
    expect((json as { rows: unknown[] }).rows).toHaveLength(100)
    expect(json).toMatchObject({ error: { message: 'malformed JSON' } })
    expect((await table(80, sql)).stdout).toContain('100\n')
  })

  it('refuses what cannot be meant: exit code 2', async () => {
    const usage = async (...args: string[]) => {
      const { code, stdout, stderr } = await query(...args)
      expect([code, stdout]).toEqual([2, ''])
      return stderr
    }
    expect(await asJson(['query', 'db', 'SELECT 1', '--csv'])).toMatchObject({
      code: 2,
      json: { error: { name: 'UsageError', message: 'the result has one format, not csv and json' } },
    })
    expect(await usage('SELECT 1', '--csv', '--format', 'table')).toBe(
      'wellhead: the result has one format, not table and csv\n',
    )
    expect(await usage('SELECT 1', '--format', 'xml')).toMatch(
      /'xml' is invalid. Allowed choices are table, csv/,
    )
    expect(await usage('SELECT 1', '--timeout', 'soon')).toMatch(
      /It wants milliseconds or a duration such as '30s'/,
    )
    expect(await usage('SELECT 1 AS a, 2 AS a', '--format', 'jsonl')).toBe(
      "wellhead: two columns are called 'a': give them aliases, or ask for --csv\n",
    )
    expect(await usage()).toBe("wellhead: missing required argument 'sql'\n")
    expect((await query('SELECT 1 AS a, 2 AS a')).stdout).toBe('a,a\n1,2\n')
  })

  it('refuses several statements and missing parameters as the driver does', async () => {
    expect((await query('SELECT 1; SELECT 2')).stderr).toMatch(/^wellhead: Several statements in one text/)
    expect((await query('SELECT ?')).stderr).toMatch(/1 parameter\(s\), 0 were given/)
  })

  it('gives up at a timeout', async () => {
    const sql = 'WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT count(*) FROM n'
    const { code, stderr } = await query(sql, '--timeout', '200ms')
    expect(code).toBe(1)
    expect(stderr).toMatch(/\(SQLSTATE HYT00, timeout\)\n$/)
  })

  it('ends at an interruption, and says nothing', async () => {
    const sql = 'WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT count(*) FROM n'
    const signal = AbortSignal.timeout(200)
    expect(await wellhead(['query', 'db', sql], { signal })).toMatchObject({ stdout: '', stderr: '' })
  })

  it('finds a wrong name before it connects', async () => {
    expect(await wellhead(['query', 'bd', 'SELECT 1'])).toEqual({
      code: 2,
      stdout: '',
      stderr: "wellhead: wellhead.yaml has no 'bd'; did you mean 'db'?\n",
    })
  })
})
