import type { BenchReport, CpuVerdict, TargetVerdict } from './harness.ts'

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
  for (const one of scenarios.flatMap(({ verdicts }) => verdicts)) {
    const { what, value, target } = verdictTexts(one)
    const verdict = one.reached === undefined ? 'no verdict: noisy' : one.reached ? 'reached' : 'missed'
    console.log(`${what}: ${value} (target ${target}): ${verdict}`)
  }
}

/** What was to be reached, and what was. */
export function verdictTexts(verdict: TargetVerdict | CpuVerdict): {
  readonly what: string
  readonly value: string
  readonly target: string
} {
  const { scenario, peer, over } = verdict
  if ('microseconds' in verdict) {
    return {
      what: `${scenario}: CPU time for each, ${peer} over ${over}`,
      value: `${verdict.microseconds.toFixed(1)} µs`,
      target: `at most ${verdict.atMostMicroseconds} µs`,
    }
  }
  return {
    what: `${scenario}: ${peer} beside ${over}`,
    value: `${verdict.ratio.toFixed(2)} ×`,
    target: `at least ${verdict.atLeast} ×`,
  }
}

function figure(perSecond: number | undefined): string {
  if (perSecond === undefined || Number.isNaN(perSecond)) return '–'
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toFixed(2)} M`
  if (perSecond >= 1e3) return `${(perSecond / 1e3).toFixed(perSecond >= 1e5 ? 0 : 1)} k`
  return perSecond.toFixed(1)
}
