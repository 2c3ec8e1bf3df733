// `npm run bench [-- --quick] [-- name …]`: every bench of this folder, one after the other, each in its own process.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runBench, type Bench } from './support/bench.ts'

const args = process.argv.slice(2)
const quick = args.includes('--quick')
const here = args.includes('--here')
const wanted = args.filter((arg) => !arg.startsWith('--'))
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -'.ts'.length))

for (const name of wanted)
  if (!names.includes(name)) throw new Error(`There is no bench ${name}: ${names.join(', ')}`)

for (const name of wanted.length > 0 ? wanted : names) {
  if (here) {
    const { bench } = (await import(`./${name}.ts`)) as { bench: Bench }
    await runBench(bench, { quick })
  } else {
    // What one bench leaves behind in memory, and what the compiler has learnt from it, is not the next one's.
    const run = [import.meta.filename, name, '--here', ...(quick ? ['--quick'] : [])]
    const { status } = spawnSync(process.execPath, ['--expose-gc', ...run], {
      cwd: join(import.meta.dirname, '..'),
      stdio: 'inherit',
    })
    if (status !== 0) process.exitCode = 1
  }
}
