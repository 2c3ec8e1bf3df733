import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { parse } from 'yaml'
import { InitialContext, PooledDataSource } from '../../src/index.ts'
import { asJson, wellhead, workingFolder } from './support.ts'

workingFolder()
beforeEach(() => rmSync('wellhead.yaml', { force: true }))

const schema = JSON.parse(
  readFileSync(new URL('../../schema/wellhead.schema.json', import.meta.url), 'utf8'),
) as object
const accepts = new Ajv({ strict: false }).compile(schema)

/** That each profile of the file can be used, and what editors say of it. */
async function profilesThatLoad(name = 'jdbc/main'): Promise<string[]> {
  const content = parse(readFileSync('wellhead.yaml', 'utf8')) as { profiles: object }
  expect(accepts(content), JSON.stringify(accepts.errors)).toBe(true)
  const profiles = ['', ...Object.keys(content.profiles)]
  vi.stubEnv('DATABASE_PASSWORD', 'geheim')
  for (const profile of profiles) {
    const context = await InitialContext.fromFile('wellhead.yaml', { profile })
    context.dataSource(name).unwrap(PooledDataSource)
    await context.close()
  }
  vi.stubEnv('DATABASE_PASSWORD', undefined)
  return profiles
}

describe('init', () => {
  it('writes a file for SQLite that can be used as it is', async () => {
    const { code, stdout, stderr } = await wellhead(['init'])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toBe(
      "wellhead.yaml is written, with the data source jdbc/main\n'wellhead check' tells whether it works\n",
    )
    expect(await profilesThatLoad()).toEqual(['', 'production'])
    expect(await wellhead(['query', 'jdbc/main', 'SELECT 1 AS one'])).toMatchObject({ stdout: 'one\n1\n' })
  })

  it.each(['pg', 'mysql', 'mssql'])('writes one for %s, whose password is in a variable', async (driver) => {
    const { stdout } = await wellhead(['init', driver, '--name', 'jdbc/accounts'])
    expect(stdout).toContain('Set DATABASE_PASSWORD: the file does not hold it\n')
    expect(await profilesThatLoad('jdbc/accounts')).toEqual(['', 'test'])
  })

  it.each([
    [
      'postgres://u:gehe%69m@db.example:5433/d?maximumPoolSize=3',
      'postgres://u@db.example:5433/d?maximumPoolSize=3',
    ],
    ['postgresql://u:geheim@[::1]/d', 'postgresql://u@[::1]/d'],
    ['postgres:///d?host=/run/postgresql', 'postgres:///d?host=/run/postgresql'],
    ['mysql://u:geheim@a.example,b.example:3307/d', 'mysql://u@a.example,b.example:3307/d'],
    ['sqlite:./a folder/x.db?mode=inline', 'sqlite:./a folder/x.db?mode=inline'],
    ['sqlite:a#b.db', 'sqlite:a#b.db'],
  ])('writes the url %s without its password', async (given, written) => {
    expect(await wellhead(['init', given])).toMatchObject({ code: 0, stderr: '' })
    const text = readFileSync('wellhead.yaml', 'utf8')
    const { dataSources } = parse(text) as { dataSources: Record<string, object> }
    expect(dataSources['jdbc/main']).toMatchObject({ url: written })
    expect(text).not.toMatch(/gehe/)
    await profilesThatLoad()
  })

  it.each([
    [
      'postgres://u@h/d?password=geheim',
      'wellhead: the url has its password in the query; write user:password@host\n',
    ],
    [
      'postgress://u:geheim@h/d',
      /no driver takes a url that begins with 'postgress:'; did you mean 'postgres:'\?/,
    ],
    ['postgres', /there is no driver 'postgres'; did you mean 'pg'\?/],
    ['postgres://u:geh/eim@h/d', /writes them as %2F/],
    ['sqlite:x.db?max=3', /'max' is pg.Pool's name/],
  ])('refuses %s and writes nothing', async (given, message) => {
    const { code, stderr } = await wellhead(['init', given])
    expect(code).toBe(2)
    if (typeof message === 'string') expect(stderr).toBe(message)
    else expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/geh/)
    expect(existsSync('wellhead.yaml')).toBe(false)
  })

  it('overwrites nothing that is there, but with --force', async () => {
    writeFileSync('wellhead.yaml', 'mine')
    expect(await wellhead(['init'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'wellhead: wellhead.yaml is there already; --force overwrites it\n',
    })
    expect(readFileSync('wellhead.yaml', 'utf8')).toBe('mine')
    expect(await wellhead(['init', '--force'])).toMatchObject({ code: 0 })
    await profilesThatLoad()
  })

  it('names the schema of the package that is installed for it', async () => {
    const modeline = (file: string) => readFileSync(file, 'utf8').split('\n')[0]
    await wellhead(['init'])
    expect(modeline('wellhead.yaml')).toBe(
      '# yaml-language-server: $schema=./node_modules/wellhead/schema/wellhead.schema.json',
    )
    mkdirSync('app/config/node_modules/other', { recursive: true })
    mkdirSync('app/node_modules/wellhead/schema', { recursive: true })
    writeFileSync('app/node_modules/wellhead/schema/wellhead.schema.json', '{}')
    const { json } = await asJson(['init', '--config', 'app/config/data.yaml', 'pg'])
    expect(json).toEqual({
      file: 'app/config/data.yaml',
      dataSource: 'jdbc/main',
      variables: ['DATABASE_PASSWORD'],
    })
    expect(modeline('app/config/data.yaml')).toBe(
      '# yaml-language-server: $schema=../node_modules/wellhead/schema/wellhead.schema.json',
    )
  })

  it('says where it cannot write', async () => {
    const { code, stderr } = await wellhead(['init', '-c', 'no/such/folder.yaml'])
    expect([code, stderr]).toEqual([2, 'wellhead: no/such/folder.yaml cannot be written (ENOENT)\n'])
  })

  it.each(['a: b', '#x', 'true', "it's", 'a/b'])('takes the name %s as it is', async (name) => {
    expect(await wellhead(['init', '--name', name === "it's" ? "it\\'s" : name])).toMatchObject({
      code: 0,
      stderr: '',
    })
    const { dataSources } = parse(readFileSync('wellhead.yaml', 'utf8')) as { dataSources: object }
    expect(Object.keys(dataSources)).toHaveLength(1)
    const context = await InitialContext.fromFile('wellhead.yaml')
    await context.close()
  })
})
