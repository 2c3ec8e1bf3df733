// `npm run bench [-- --quick] [name …]`: every bench of this folder, one after the other, each in its own process.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const args = process.argv.slice(2)
const wanted = args.filter((arg) => !arg.startsWith('--'))
const options = args.filter((arg) => arg.startsWith('--'))
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -'.ts'.length))
  .filter((name) => wanted.length === 0 || wanted.includes(name))

for (const name of names) {
  const startedAt = performance.now()
  const { status } = spawnSync(
    process.execPath,
    ['--expose-gc', join(import.meta.dirname, `${name}.ts`), ...options],
    { stdio: 'inherit' },
  )
  console.log(`${name}: ${((performance.now() - startedAt) / 1000).toFixed(0)} s\n`)
  if (status !== 0) process.exitCode = 1
}
