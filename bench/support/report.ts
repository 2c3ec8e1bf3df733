import type { BenchReport } from './harness.ts'

/** Prints what was measured: a row for each peer, a column for each scenario, and what it says about the targets. */
export function printReport(report: BenchReport): void {
  const { scenarios } = report
  console.log(`${report.title}, ${report.unit} (median of ${report.rounds} interleaved rounds)`)
  console.log(`Node ${report.node}, ${report.cores} × ${report.cpu}`)
  const names = [...new Set(scenarios.flatMap((one) => Object.keys(one.peers)))]
  const rows = [
    ['', ...scenarios.map((one) => one.scenario)],
    ...names.map((name) => [
      report.versions[name] === undefined ? name : `${name} ${report.versions[name]}`,
      ...scenarios.map((one) => figure(one.peers[name]?.median)),
    ]),
    ['control (A/A)', ...scenarios.map((one) => `${one.control.toFixed(3)}${one.noisy ? ' noisy' : ''}`)],
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  for (const row of rows) {
    console.log(
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
        .join('  '),
    )
  }
  for (const { scenario, verdicts } of scenarios) {
    for (const { peer, over, atLeast, ratio, reached } of verdicts) {
      const verdict = reached === undefined ? 'no verdict: noisy' : reached ? 'reached' : 'missed'
      console.log(`${scenario}: ${peer} ${ratio.toFixed(2)} × ${over} (target ${atLeast}): ${verdict}`)
    }
  }
}

function figure(perSecond: number | undefined): string {
  if (perSecond === undefined || Number.isNaN(perSecond)) return '–'
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toFixed(2)} M`
  if (perSecond >= 1e3) return `${(perSecond / 1e3).toFixed(perSecond >= 1e5 ? 0 : 1)} k`
  return perSecond.toFixed(1)
}
