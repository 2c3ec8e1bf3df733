// A process of its own: whether it ends is what is asked.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { describeMariaDb } from '../../support/mariadb.ts'

const run = promisify(execFile)
const index = join(import.meta.dirname, '../../../src/index.ts')

await describeMariaDb('a process with an idle session of MariaDB', (server) => {
  it.each(['', 'disable', 'require'])(
    'ends, with the control session of a deadline too (tls: %s)',
    async (tls) => {
      const { settings } = await server.database()
      const given = { ...settings, driver: 'mysql', allowExitOnIdle: true, ...(tls && { tls }) }
      const program = `
      import { createDataSource } from ${JSON.stringify(index)}
      const source = createDataSource(${JSON.stringify(given)})
      await source.start()
      const late = await source.query('SELECT SLEEP(60)', [], { timeout: 500 }).catch((error) => error.sqlState)
      console.log(late, (await source.query('SELECT 7 AS n')).rows)`
      const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', program], {
        env: { ...process.env, NODE_OPTIONS: '' },
        timeout: 15_000,
      })
      expect([stdout, stderr]).toEqual(['HYT00 [ { n: 7 } ]\n', ''])
    },
  )
})
