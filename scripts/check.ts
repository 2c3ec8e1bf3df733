// `npm test`: every check in its own process, one line each; the output of a check is shown when it fails.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Each stage waits for the one before it; the checks of one stage share two lanes. Names are npm scripts. */
const stages = [['build'], ['typecheck', 'lint', 'package:check', 'api', 'knip', 'layers'], ['specs']]
const lanes = 2

const kept = process.env['WELLHEAD_REPORTS']
const reports = kept ?? mkdtempSync(join(tmpdir(), 'wellhead-reports-'))
mkdirSync(reports, { recursive: true })

let failures = 0
for (const stage of stages) {
  const queue = [...stage]
  const lane = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) await check(name)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  if (failures > 0) break // the specs of a broken build would only repeat the news
}
if (kept === undefined) rmSync(reports, { recursive: true, force: true })
process.exitCode = failures === 0 ? 0 : 1

async function check(name: string): Promise<void> {
  const started = performance.now()
  const { ok, output } = await run(name)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const detail = name === 'specs' ? specCounts() : ''
  console.log(`${ok ? '✓' : '✗'} ${name.padEnd(14)}${seconds.padStart(6)} s${detail}`)
  if (!ok) {
    failures += 1
    console.log(output)
    return
  }
  // What a check could not do on this machine is said even when all the rest passed.
  for (const [line] of output.matchAll(/^skipped: .*$/gm)) console.error(line)
}

function run(name: string): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--run', name], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, WELLHEAD_REPORTS: reports },
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (output += text))
    child.once('error', (error) => resolve({ ok: false, output: String(error) }))
    child.once('close', (code) => resolve({ ok: code === 0, output }))
  })
}

function specCounts(): string {
  try {
    const report = JSON.parse(readFileSync(join(reports, 'specs.json'), 'utf8'))
    const skipped = report.numPendingTests + report.numTodoTests
    return `  ${report.numPassedTests} passed, ${report.numFailedTests} failed, ${skipped} skipped`
  } catch {
    return '' // the runner ended before it could report; its output tells why
  }
}
