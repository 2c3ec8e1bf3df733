// A secret is read where it is needed, and shown nowhere.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createDataSource,
  InitialContext,
  PooledDataSource,
  Reference,
  type DataSource,
  type WellheadConfiguration,
} from '../../src/index.ts'
import { describePostgres } from '../support/postgres.ts'

const secret = 'geheim-4711'

/** Whatever can be seen of a thing, without asking it. */
function everything(thing: unknown): string {
  const seen = [
    inspect(thing, { depth: Infinity, showHidden: true, maxStringLength: Infinity }),
    String(thing),
  ]
  for (let error = thing; error instanceof Error; error = error.cause)
    seen.push(error.message, error.stack ?? '')
  seen.push(
    JSON.stringify(thing, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)) ?? '',
  )
  return seen.join('\n')
}

const folder = mkdtempSync(join(tmpdir(), 'wellhead-secrets-'))
beforeAll(() => {
  writeFileSync(join(folder, 'secret.txt'), `${secret}\n`)
  process.env['WELLHEAD_SPEC_SECRET'] = secret
  process.env['WELLHEAD_SPEC_URL'] = `postgres://u:${secret}@127.0.0.1:1/d`
})
afterAll(() => {
  rmSync(folder, { recursive: true })
  delete process.env['WELLHEAD_SPEC_SECRET']
  delete process.env['WELLHEAD_SPEC_URL']
})

async function failure(work: () => unknown): Promise<unknown> {
  try {
    await work()
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

describe('a secret', () => {
  const host = { driver: 'pg', host: '127.0.0.1', port: 1, user: 'u', tls: 'disable' }
  const dataSources = () => ({
    given: { ...host, password: secret },
    environment: { ...host, password: { env: 'WELLHEAD_SPEC_SECRET' } },
    file: { ...host, password: { file: join(folder, 'secret.txt') } },
    url: { url: `postgres://u:${secret}@127.0.0.1:1/d` },
    'url-environment': { url: { env: 'WELLHEAD_SPEC_URL' } },
    tls: { ...host, tls: { mode: 'require', key: secret, passphrase: { env: 'WELLHEAD_SPEC_SECRET' } } },
  })
  const names = Object.keys(dataSources())

  it.each(['yaml', 'json', 'object'])(
    'of a configuration (%s) is in nothing that a context gives',
    async (kind) => {
      const configuration = { dataSources: dataSources() } as WellheadConfiguration
      const file = join(folder, `wellhead.${kind}`)
      writeFileSync(file, JSON.stringify(configuration))
      const events: unknown[] = []
      const hear = (event: unknown) => void events.push(event)
      await using context =
        kind === 'object'
          ? InitialContext.fromObject(configuration, { profile: '' })
          : await InitialContext.fromFile(file, { profile: '', watch: true })
      const listener = { objectAdded: hear, objectChanged: hear, objectRemoved: hear }
      context.addNamingListener('', 'subtree', listener)
      const things: unknown[] = [context, context.list(), events]
      for (const name of names) {
        const source = context.dataSource(name)
        const pool = source.unwrap(PooledDataSource)
        for (const event of ['requested', 'timedOut', 'connectFailed'] as const) {
          pool.on(event as 'requested', hear)
        }
        const error = await failure(() => source.getConnection({ timeout: '100ms' }))
        things.push(source, pool, pool.settings, pool.statistics(), error)
      }
      await context.rebind('given', new Reference('DataSource', { ...host, password: `${secret}!` }))
      await context.unbind('url')
      expect(events.length).toBeGreaterThanOrEqual(names.length)
      for (const thing of things) expect(everything(thing)).not.toContain(secret)
    },
  )

  it.each<[string, unknown]>([
    ['a number', { ...host, password: 4711, user: 'u' }],
    ['a misspelt name', { ...host, pasword: secret }],
    ['another library', { ...host, connectionString: `postgres://u:${secret}@h/d` }],
    ['a URL of Java', `jdbc:postgresql://h/d?password=${secret}`],
    ['a URL of no driver', `other://u:${secret}@h/d`],
    ['no URL', `u:${secret}@h/d`],
    ['a raw slash', `postgres://u:${secret}/x@h/d`],
    ['a raw slash behind a colon', `postgres://u:a/${secret}@h/d`],
    ['a bad escape', `postgres://u:${secret}%@h/d`],
    ['a bad port', `postgres://u:${secret}@h:port/d`],
    ['a fragment', `postgres://u:${secret}@h/d#x`],
    ['a wrong query', `postgres://u:${secret}@h/d?maximumPoolSize=many`],
    ['a host of SQLite', `sqlite://u:${secret}@h`],
    ['a wrong mode of TLS', { ...host, tls: { mode: secret } }],
    ['a wrong key of TLS', { ...host, tls: { key: 5, passphrase: secret } }],
  ])('is not in the error of settings that are wrong: %s', async (_title, settings) => {
    const error = await failure(() => createDataSource(settings as string))
    expect(everything(error)).not.toMatch(/geheim|4711/)
  })

  it('is not in the error of a driver that fails to read the url', async () => {
    const own = {
      name: 'own',
      urlSchemes: ['own'],
      settings: {},
      parseUrl: (url: string) => ({ host: new URL(url.slice('own:'.length)).host }),
      createConnectionPoolDataSource: () => Promise.reject(new Error('never')) as never,
    }
    const error = await failure(() => createDataSource({ driver: own, url: `own://u:${secret}@h` }))
    expect(everything(error)).toContain("one that driver 'own' understands")
    expect(everything(error)).not.toContain(secret)
  })
})

await describePostgres('a secret that is rotated', (server) => {
  it('is read anew at every connect, from a file and from the environment', async () => {
    const database = await server.database()
    const { host, port } = database.settings
    const role = `rotated_${database.name}`
    const file = join(folder, 'rotated.txt')
    const rotate = async (password: string): Promise<void> => {
      await server.query(`ALTER ROLE ${role} PASSWORD '${password}'`)
      writeFileSync(file, `${password}\n`)
      process.env['WELLHEAD_SPEC_SECRET'] = password
    }
    await server.query(`CREATE ROLE ${role} LOGIN`)
    try {
      await rotate(secret)
      const common = {
        driver: 'pg',
        host,
        port,
        user: role,
        database: database.name,
        pooling: 'none' as const,
      }
      await using context = InitialContext.fromObject(
        {
          dataSources: {
            file: { ...common, password: { file } },
            environment: { ...common, password: { env: 'WELLHEAD_SPEC_SECRET' } },
          },
        },
        { profile: '' },
      )
      const sources = ['file', 'environment'].map((name) => context.dataSource(name))
      const whoAmI = (source: DataSource) => source.query('SELECT current_user AS me')
      for (const source of sources) expect((await whoAmI(source)).rows).toEqual([{ me: role }])
      await rotate(`${secret}-new`)
      for (const source of sources) expect((await whoAmI(source)).rows).toEqual([{ me: role }])

      await server.query(`ALTER ROLE ${role} PASSWORD 'another'`)
      const refused = await failure(() => whoAmI(sources[0]!))
      expect(refused).toMatchObject({ name: 'SQLInvalidAuthorizationSpecException', sqlState: '28P01' })
      expect(everything(refused)).not.toContain(secret)
      rmSync(file)
      const missing = await failure(() => whoAmI(sources[0]!))
      expect(everything(missing)).toContain(`the file '${file}' does not exist`)
    } finally {
      await database.drop()
      await server.query(`DROP ROLE ${role}`)
      process.env['WELLHEAD_SPEC_SECRET'] = secret
    }
  })
})
