// The measurements, as a page: `npm run docs:performance` writes docs/performance/README.md from the reports beside it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchReport, ScenarioReport } from '../bench/support/harness.ts'

const folder = join(import.meta.dirname, '../docs/performance')

/** The text of docs/performance/README.md. */
export function performancePage(): string {
  const reports = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as BenchReport)
  return `# Performance

Made by \`npm run docs:performance\` from the reports beside this page, which \`npm run bench\` writes. Every peer has its turn in every
round, on the same machine in the same minutes: compare the figures of one column, not those of two machines. The control is
one peer measured twice; outside 0.95 to 1.05 the machine was too noisy for a verdict.

${reports.map(section).join('\n')}`
}

function section(report: BenchReport): string {
  const { title, unit, rounds, node, cpu, cores, scenarios, versions } = report
  const names = Object.keys(scenarios[0]?.peers ?? {})
  const rows = names.map((name) => [
    versions[name] === undefined ? name : `${name} ${versions[name]}`,
    ...scenarios.map((one) => cell(one, name)),
  ])
  const control = [
    'control',
    ...scenarios.map(({ control: ratio, noisy }) => `${ratio.toFixed(2)}${noisy ? ', noisy' : ''}`),
  ]
  const head = ['', ...scenarios.map(({ scenario }) => scenario)]
  return `## ${title}

${unit[0]!.toUpperCase()}${unit.slice(1)}, and CPU time of the whole process for each; the median of ${rounds} rounds. Node ${node}, ${cores} × ${cpu}.

${[head, head.map((_, column) => (column === 0 ? '---' : '---:')), ...rows, control].map(line).join('\n')}

${scenarios.flatMap(verdicts).join('\n')}
`
}

function cell({ peers }: ScenarioReport, name: string): string {
  const figures = peers[name]
  if (figures === undefined) return '–'
  const { median, cpuMicroseconds } = figures
  return `${Math.round(median).toLocaleString('en')} (${cpuMicroseconds.toFixed(cpuMicroseconds < 1 ? 2 : 1)} µs)`
}

function verdicts({ scenario, verdicts: all }: ScenarioReport): string[] {
  return all.map(({ peer, over, atLeast, ratio, reached }) => {
    const verdict = reached === undefined ? 'noisy, no verdict' : reached ? 'reached' : 'missed'
    return `- ${scenario}: ${peer} does ${ratio.toFixed(2)} × what ${over} does; the target is ${atLeast} ×: ${verdict}.`
  })
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

if (import.meta.main) writeFileSync(join(folder, 'README.md'), performancePage())
