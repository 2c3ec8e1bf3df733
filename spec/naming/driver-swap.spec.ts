import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { createDataSource, InitialContext, PooledDataSource } from '../../src/index.ts'
import { describePostgres } from '../support/postgres.ts'

const users = 20
const size = 3
/** Says which database answers. */
const question = 'SELECT place FROM answer'

await describePostgres('a service under load', (server) => {
  it('goes over from SQLite to PostgreSQL when its file is edited, and no request fails', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wellhead-swap-'))
    const file = join(folder, 'wellhead.yaml')
    const database = await server.database()
    const sqlite = `sqlite:${join(folder, 'swap.db')}`
    try {
      for (const [url, place] of [
        [sqlite, 'SQLite'],
        [database.url, 'PostgreSQL'],
      ] as const) {
        await using setup = createDataSource(url)
        await setup.execute('CREATE TABLE answer (place VARCHAR(20))')
        await setup.execute('INSERT INTO answer (place) VALUES (?)', [place])
      }
      const configure = (lines: string): void => {
        // As editors do it.
        writeFileSync(`${file}~`, `dataSources:\n  jdbc/answer:\n    maximumPoolSize: ${size}\n${lines}`)
        renameSync(`${file}~`, file)
      }
      configure(`    url: '${sqlite}'\n    busyTimeout: 1s\n`)
      const errors: unknown[] = []
      const context = await InitialContext.fromFile(file, {
        watch: '10ms',
        verify: true,
        profile: '',
        onConfigurationError: (error) => void errors.push(error),
      })
      const source = context.dataSource('jdbc/answer')
      const before = source.unwrap(PooledDataSource)
      const story: string[] = []
      const lent = { before: 0, after: 0 }
      before.on('acquired', () => void lent.before++)
      before.on('released', () => void lent.before--)
      before.on('acquired', () => void story.push('old lends'))
      before.on('closed', ({ reason }) => void story.push(`old closes: ${reason}`))
      let after: PooledDataSource | undefined
      context.addNamingListener('jdbc/answer', 'object', {
        objectChanged() {
          after = source.unwrap(PooledDataSource)
          // Those who waited have gone over before it is told.
          lent.after = after.statistics().inUse
          story.push(
            `changed, and ${after.statistics().counters.created > 0 ? 'connected' : 'not connected'}`,
          )
          after.on('acquired', () => void lent.after++)
          after.on('released', () => void lent.after--)
          after.on('acquired', () => void story.push('new lends'))
        },
      })

      const answers: unknown[] = []
      const stop = new AbortController()
      const use = async (): Promise<void> => {
        while (!stop.signal.aborted) answers.push((await source.query(question)).rows[0]!['place'])
      }
      const load = Array.from({ length: users }, use)
      await vi.waitFor(() => expect(answers.length).toBeGreaterThan(200), { timeout: 10_000 })
      configure(`    url: '${database.url}'\n`)
      await vi.waitFor(() => expect(answers.at(-1)).toBe('PostgreSQL'), { timeout: 10_000 })
      await vi.waitFor(() => expect(before.statistics().total).toBe(0), { timeout: 10_000 })
      const count = answers.length
      await vi.waitFor(() => expect(answers.length).toBeGreaterThan(count + 200), { timeout: 10_000 })
      stop.abort()
      await Promise.all(load)

      expect(errors).toEqual([])
      expect(new Set(answers)).toEqual(new Set(['SQLite', 'PostgreSQL']))
      // Once the first answer came from the new one, an old one is of a connection that was lent before.
      const late = answers.slice(answers.indexOf('PostgreSQL')).filter((place) => place === 'SQLite')
      expect(late.length).toBeLessThanOrEqual(size)

      const changed = story.indexOf('changed, and connected')
      expect(changed).toBeGreaterThan(0)
      expect(story.lastIndexOf('old lends')).toBeLessThan(changed)
      expect(story.indexOf('new lends')).toBeGreaterThan(changed)
      expect(story.slice(changed).filter((event) => event.startsWith('old closes')).length).toBeGreaterThan(0)
      expect(story.slice(0, changed).every((event) => event === 'old lends')).toBe(true)
      expect(lent).toEqual({ before: 0, after: 0 })

      const { created, closed } = before.statistics().counters
      expect(Object.values(closed).reduce((sum, value) => sum + value)).toBe(created)
      const sessions = (await database.sessions()).length
      expect(sessions).toBe(after!.statistics().total)
      expect(sessions).toBeLessThanOrEqual(size)
      await context.close()
      await vi.waitFor(async () => expect(await database.sessions()).toEqual([]), { timeout: 10_000 })
    } finally {
      await database.drop()
      rmSync(folder, { recursive: true, force: true })
    }
  }, 60_000)
})
