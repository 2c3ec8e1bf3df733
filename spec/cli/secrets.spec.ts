// A password that everybody would recognize, given in every way, to every command: it is never shown.
import { writeFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'
import { describePostgres } from '../support/postgres.ts'
import { configure, wellhead, workingFolder } from './support.ts'

workingFolder()
const secret = 'geheim-4711'

const ways = (host: string): Record<string, string> => ({
  given: `{ ${host}, password: ${secret} }`,
  environment: `{ ${host}, password: { env: CLI_SECRET } }`,
  default: `{ ${host}, password: { env: NOBODY_SETS_THIS, default: ${secret} } }`,
  file: `{ ${host}, password: { file: secret.txt } }`,
  url: `{ url: 'postgres://u:${secret}@127.0.0.1:1/d' }`,
  query: `{ url: 'postgres://u@127.0.0.1:1/d?password=${secret}' }`,
  urlFromOutside: '{ url: { env: CLI_SECRET_URL } }',
  wrongUrl: `{ url: { env: CLI_WRONG_URL } }`,
  wrongType: `{ ${host}, password: { env: CLI_SECRET }, tls: { key: ${secret}, mode: wrong } }`,
  tls: `{ ${host}, tls: { mode: verify-full, key: ${secret}, passphrase: ${secret} } }`,
  part: `{ ${host}, serverSettings: { 'app.token': { env: CLI_SECRET } } }`,
  elsewhere: `{ ${host}, applicationName: { file: secret.txt } }`,
})

async function shownBy(names: readonly string[]): Promise<string> {
  const all: string[] = []
  const collect = async (...args: string[]): Promise<void> => {
    for (const conditions of [{}, { columns: 80 }]) {
      for (const json of [[], ['--json']]) {
        const { stdout, stderr } = await wellhead([...args, ...json], conditions)
        all.push(stdout, stderr)
      }
    }
  }
  for (const args of [['list'], ['check', '--defaults'], ['ping'], ['__complete', '--', 'show', '']]) {
    await collect(...args)
  }
  for (const name of names) {
    await collect('show', name)
    await collect('query', name, 'SELECT 1 AS one')
    await collect('query', name, 'SELECT nonsense FROM', secret, '--typed')
  }
  return all.join('\n')
}

function prepare(): void {
  writeFileSync('secret.txt', `${secret}\n`)
  vi.stubEnv('CLI_SECRET', secret)
  vi.stubEnv('CLI_SECRET_URL', `postgres://u:${secret}@127.0.0.1:1/d`)
  vi.stubEnv('CLI_WRONG_URL', `postgres://u:pre/${secret}@127.0.0.1:x/d`)
}

it('no command shows a password, whether it works or not', async () => {
  prepare()
  const sources = ways('driver: pg, host: 127.0.0.1, port: 1, user: u')
  // Wrong as it is written, it would keep the others from being read.
  const { wrongType, ...readable } = sources
  configure(
    `dataSources:\n${Object.entries(readable)
      .map(([name, entry]) => `  ${name}: ${entry}\n`)
      .join('')}`,
  )
  const shown = await shownBy(Object.keys(readable))
  expect(shown).toContain('ECONNREFUSED')
  expect(shown).toContain('••••••')
  expect(shown).not.toContain(secret)
  configure(`dataSources: { wrongType: ${wrongType} }`)
  expect(await shownBy(['wrongType'])).not.toContain(secret)
  const { stdout, stderr } = await wellhead(['init', '--force', `postgres://u:${secret}@h/d`])
  expect(stdout + stderr).not.toContain(secret)
}, 60_000)

await describePostgres('secrets on PostgreSQL', (server) => {
  it('no command shows the password by which it has logged in', async () => {
    prepare()
    const { settings } = await server.database()
    const user = `secrets_${Math.random().toString(36).slice(2)}`
    await server.query(`CREATE ROLE ${user} LOGIN PASSWORD '${secret}'`)
    const { host, port, database } = settings
    configure(
      `dataSources:\n  a: { driver: pg, host: ${host}, port: ${port}, database: ${database}, user: ${user}, tls: disable, password: { file: secret.txt } }\n`,
    )
    const shown = await shownBy(['a'])
    expect(shown).toContain('"one":1')
    expect(shown).not.toContain(secret)
  })
})
