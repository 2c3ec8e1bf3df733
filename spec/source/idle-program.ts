// Uses a data source and leaves it open. Run by a spec: `<url> <allowExitOnIdle> [more settings as JSON]`.
import { createDataSource } from '../../src/index.ts'

const [url, allowExitOnIdle, more = '{}'] = process.argv.slice(2)
const source = createDataSource({
  url,
  allowExitOnIdle: allowExitOnIdle === 'true',
  ...(JSON.parse(more) as object),
})
await Promise.all([source.query('SELECT 1'), source.query('SELECT 2')])
// What is idle is asked, and closed, while the process waits for nothing else.
await source.health()
console.log('used')
