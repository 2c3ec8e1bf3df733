// The measurements, as pages: `npm run docs:performance` writes docs/performance/*.md and *.svg from the reports beside them.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FigureColumn, FigureReport, FigureRow, FigureVerdict } from '../bench/support/figures.ts'
import type { BenchReport, ScenarioReport } from '../bench/support/harness.ts'
import { verdictTexts } from '../bench/support/report.ts'
import { plot, type Panel } from './performance-plot.ts'

type Report = BenchReport | FigureReport

/** A target, and what became of it. */
interface Verdict {
  readonly what: string
  readonly value: string
  readonly target: string
  readonly reached: boolean | undefined
}

export const folder = join(import.meta.dirname, '../docs/performance')

/** The page that is written by hand, but for its lists of targets. */
const explanation = '../performance.md'

/** The texts of the pages and plots, by file name as seen from docs/performance. */
export function performancePages(): Map<string, string> {
  const reports = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Report)
  const pages = new Map([
    ['README.md', index(reports)],
    [explanation, explained(reports)],
  ])
  for (const report of reports) {
    const panels = panelsOf(report)
    if (panels.length > 0) pages.set(`${report.name}.svg`, plot(panels))
    pages.set(`${report.name}.md`, page(report, panels.length > 0))
  }
  return pages
}

function index(reports: readonly Report[]): string {
  const verdicts = reports.flatMap((report) =>
    verdictsOf(report).map(({ what, value, target, reached }) => [
      `[${report.name}](${report.name}.md)`,
      what,
      target,
      value,
      outcome(reached),
    ]),
  )
  return `# Performance

Made by \`npm run docs:performance\` from the reports beside this page, which \`npm run bench\` writes. Every peer has its turn in every
round, on the same machine in the same minutes: compare the figures of one column, not those of two machines. The control is
one peer measured twice; outside 0.95 to 1.05 the machine was too noisy for a verdict. Where the time goes, and why what was
missed was missed: [performance.md](../performance.md).

${reports.map(({ name, title }) => `- [${title}](${name}.md)`).join('\n')}

## Targets

${table(['bench', 'what', 'target', 'measured', ''], verdicts, '---')}
`
}

/** Between `<!-- targets of a b -->` and `<!-- end of targets -->` stands what these reports say. */
function explained(reports: readonly Report[]): string {
  const written = readFileSync(join(folder, explanation), 'utf8')
  return written.replaceAll(
    /(<!-- targets of (.*?) -->\n)[^]*?(<!-- end of targets -->)/g,
    (_, begin: string, names: string, end: string) => {
      const lists = names.split(' ').map((name) => {
        const report = reports.find((one) => one.name === name)
        return report === undefined ? '' : verdictList(verdictsOf(report)).trim()
      })
      const lines = lists.filter((list) => list !== '').join('\n')
      return `${begin}\n${lines === '' ? 'Not measured yet.' : lines}\n\n${end}`
    },
  )
}

function page(report: Report, drawn: boolean): string {
  const { title, name, node, cores, cpu } = report
  return `# ${title}

${report.quick ? 'Measured in a hurry (`--quick`). ' : ''}${about(report)} Node ${node}, ${cores} × ${cpu}. Made by \`npm run docs:performance\` from
[${name}.json](${name}.json); [all benches](README.md).

${isFigures(report) ? figureTable(report) : throughputTable(report)}
${drawn ? `\n![${title}](${name}.svg)\n` : ''}${verdictList(verdictsOf(report))}`
}

function isFigures(report: Report): report is FigureReport {
  return 'kind' in report
}

function about(report: Report): string {
  if (isFigures(report)) return report.about
  const { unit, rounds } = report
  const unitAtStart = `${unit[0]!.toUpperCase()}${unit.slice(1)}`
  return `${unitAtStart}, and CPU time of the whole process for each; the median of ${rounds} rounds.`
}

function throughputTable({ scenarios, versions }: BenchReport): string {
  const names = Object.keys(scenarios[0]?.peers ?? {})
  const rows = names.map((name) => [
    named(name, versions[name]),
    ...scenarios.map((one) => throughputCell(one, name)),
  ])
  const control = ['control', ...scenarios.map(({ control: ratio, noisy }) => controlCell(ratio, noisy))]
  return table(['', ...scenarios.map(({ scenario }) => scenario)], [...rows, control])
}

function throughputCell({ peers }: ScenarioReport, name: string): string {
  const figures = peers[name]
  if (figures === undefined) return '–'
  const { median, cpuMicroseconds } = figures
  return `${Math.round(median).toLocaleString('en')} (${cpuMicroseconds.toFixed(cpuMicroseconds < 1 ? 2 : 1)} µs)`
}

function figureTable({ columns, rows, versions, control }: FigureReport): string {
  const lines = rows.map((row) => [
    named(row.name, versions[row.package ?? '']),
    ...columns.map((column, at) => figureCell(row, column, at)),
  ])
  const head = columns.map(({ name, unit }) => (unit === undefined ? name : `${name}, ${unit}`))
  const end =
    control === undefined
      ? ''
      : `\n\nControl, the same twice: ${controlCell(control, control < 0.95 || control > 1.05)}.`
  return `${table(['', ...head], lines)}${end}`
}

function figureCell({ figures }: FigureRow, { digits = 0 }: FigureColumn, at: number): string {
  const figure = figures[at]
  if (figure === undefined || figure === null) return '–'
  return figure.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

function controlCell(ratio: number, noisy: boolean): string {
  return `${ratio.toFixed(2)}${noisy ? ', noisy' : ''}`
}

function named(name: string, version: string | undefined): string {
  return version === undefined ? name : `${name} ${version}`
}

function verdictsOf(report: Report): Verdict[] {
  if (isFigures(report)) return report.verdicts.map(figureVerdict)
  return report.scenarios.flatMap(({ verdicts }) =>
    verdicts.map((verdict) => ({ ...verdictTexts(verdict), reached: verdict.reached })),
  )
}

function figureVerdict({ what, value, atMost, atLeast, reached }: FigureVerdict): Verdict {
  const target = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`
  const digits = Math.abs(value) >= 100 ? 0 : 2
  return { what, value: value.toFixed(digits), target, reached }
}

function verdictList(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return ''
  const lines = verdicts.map(
    ({ what, value, target, reached }) =>
      `- ${what}: ${value}; the target is ${target}: ${outcome(reached)}.`,
  )
  return `\n${lines.join('\n')}\n`
}

function outcome(reached: boolean | undefined): string {
  return reached === undefined ? 'noisy, no verdict' : reached ? 'reached' : 'missed'
}

function table(head: readonly string[], rows: readonly (readonly string[])[], align = '---:'): string {
  return [head, head.map((_, column) => (column === 0 ? '---' : align)), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

function panelsOf(report: Report): Panel[] {
  if (!isFigures(report)) {
    return report.scenarios.map(({ scenario, peers }) => ({
      title: `${scenario}: ${report.unit}`,
      bars: Object.entries(peers).map(([name, { median }]) => ({ name, value: median })),
    }))
  }
  const { columns, rows } = report
  return (report.plot?.columns ?? []).map((name) => {
    const at = columns.findIndex((column) => column.name === name)
    const { unit } = columns[at]!
    return {
      title: unit === undefined ? name : `${name}, ${unit}`,
      bars: rows.map((row) => ({ name: row.name, value: row.figures[at] ?? 0 })),
    }
  })
}

if (import.meta.main) {
  const pages = performancePages()
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.json') && !pages.has(file)) rmSync(join(folder, file))
  }
  for (const [file, text] of pages) writeFileSync(join(folder, file), text)
}
