import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { printReport } from './report.ts'

/** Something that does operations, made ready for one scenario. */
export interface Contender {
  /** Does some operations and says how many; called again and again until the slice of time is over. */
  run(): Promise<number>
  end(): Promise<void>
}

/** One of those compared. */
export interface Peer<Scenario> {
  readonly name: string
  /** The npm package whose version is reported; none for our own and for bare limits. */
  readonly package?: string
  prepare(scenario: Scenario): Promise<Contender>
}

/** What one peer is to reach beside another. */
interface Target {
  readonly scenario: string
  readonly peer: string
  readonly over: string
  readonly atLeast: number
}

export interface Bench<Scenario extends { readonly name: string }> {
  /** Also of the file under docs/performance. */
  readonly name: string
  readonly title: string
  /** Of the figures: `cycles per second`. */
  readonly unit: string
  readonly scenarios: readonly Scenario[]
  readonly peers: readonly Peer<Scenario>[]
  /** The peer that runs twice: what the two differ by is noise. */
  readonly control: string
  readonly targets?: readonly Target[]
}

/** Of one scenario. */
export interface ScenarioReport {
  readonly scenario: string
  /** Operations per second: the median of the rounds, and the quartiles. */
  readonly peers: Readonly<
    Record<string, { median: number; low: number; high: number; cpuMicroseconds: number }>
  >
  /** The second run of the control beside the first, round by round. Outside 0.95 to 1.05 the scenario is noisy and has no verdict. */
  readonly control: number
  readonly noisy: boolean
  readonly verdicts: readonly (Target & { readonly ratio: number; readonly reached: boolean | undefined })[]
}

export interface BenchReport {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly quick: boolean
  readonly rounds: number
  readonly node: string
  readonly cpu: string
  readonly cores: number
  readonly versions: Readonly<Record<string, string>>
  readonly scenarios: readonly ScenarioReport[]
}

interface Sample {
  readonly perSecond: number
  readonly cpuMicroseconds: number
}

const root = join(import.meta.dirname, '../..')

/**
 * Runs a bench as `node bench/<name>.ts [--quick] [--write]`: rounds in which every peer has its turn, in an order that
 * changes, so that whatever disturbs the machine disturbs all. A full run writes its report to docs/performance; a
 * quick one only with `--write`.
 */
export async function runBench<Scenario extends { readonly name: string }>(
  bench: Bench<Scenario>,
  args: readonly string[] = process.argv.slice(2),
): Promise<BenchReport> {
  const quick = args.includes('--quick')
  const rounds = quick ? 7 : 21
  const milliseconds = quick ? 60 : 150
  const scenarios: ScenarioReport[] = []
  for (const scenario of bench.scenarios) {
    scenarios.push(await runScenario(bench, scenario, rounds, milliseconds))
  }
  const report: BenchReport = {
    name: bench.name,
    title: bench.title,
    unit: bench.unit,
    quick,
    rounds,
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    versions: versionsOf(bench.peers),
    scenarios,
  }
  printReport(report)
  if (!quick || args.includes('--write')) write(report)
  return report
}

async function runScenario<Scenario extends { readonly name: string }>(
  bench: Bench<Scenario>,
  scenario: Scenario,
  rounds: number,
  milliseconds: number,
): Promise<ScenarioReport> {
  const control = bench.peers.find((peer) => peer.name === bench.control)
  if (control === undefined) throw new Error(`${bench.name}: no peer is called ${bench.control}`)
  const again = `${control.name} (again)`
  const peers = [
    ...bench.peers,
    { ...control, name: again, prepare: (one: Scenario) => control.prepare(one) },
  ]
  const samples = new Map<string, Sample[]>(peers.map((peer) => [peer.name, []]))
  const contenders = new Map<string, Contender>()
  for (const peer of peers) contenders.set(peer.name, await peer.prepare(scenario))
  // The first rounds warm up: they are run, and not counted.
  for (let round = -2; round < rounds; round++) {
    for (const peer of rotated(peers, round)) {
      const sample = await measure(contenders.get(peer.name)!, milliseconds)
      if (round >= 0) samples.get(peer.name)!.push(sample)
    }
  }
  for (const contender of contenders.values()) await contender.end()

  // Round by round: neighbours in time met the same machine.
  const ratioOf = (one: string, other: string): number => {
    const others = samples.get(other)
    return median(samples.get(one)!.map(({ perSecond }, round) => perSecond / others![round]!.perSecond))
  }
  const controlRatio = ratioOf(again, control.name)
  const noisy = controlRatio < 0.95 || controlRatio > 1.05
  const targets = (bench.targets ?? []).filter((target) => target.scenario === scenario.name)
  return {
    scenario: scenario.name,
    peers: Object.fromEntries(bench.peers.map(({ name }) => [name, summary(samples.get(name)!)])),
    control: controlRatio,
    noisy,
    verdicts: targets.map((target) => {
      const ratio = ratioOf(target.peer, target.over)
      return { ...target, ratio, reached: noisy ? undefined : ratio >= target.atLeast }
    }),
  }
}

async function measure(contender: Contender, milliseconds: number): Promise<Sample> {
  // Each begins with the garbage of nobody else, where the runtime lets us.
  globalThis.gc?.()
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  let operations = 0
  let elapsed = 0
  do {
    operations += await contender.run()
    elapsed = performance.now() - startedAt
  } while (elapsed < milliseconds)
  const cpu = process.cpuUsage(cpuBefore)
  return {
    perSecond: (operations * 1_000) / elapsed,
    cpuMicroseconds: (cpu.user + cpu.system) / operations,
  }
}

function rotated<T>(list: readonly T[], by: number): T[] {
  const turned = list.map((_, index) => list[(index + by + list.length * 2) % list.length]!)
  // Every second round backwards: otherwise each would always follow the same neighbour.
  return by % 2 === 0 ? turned : turned.toReversed()
}

function summary(samples: readonly Sample[]): {
  median: number
  low: number
  high: number
  cpuMicroseconds: number
} {
  const speeds = samples.map(({ perSecond }) => perSecond).toSorted((a, b) => a - b)
  const cpu = samples.map(({ cpuMicroseconds }) => cpuMicroseconds).toSorted((a, b) => a - b)
  return {
    median: quantile(speeds, 0.5),
    low: quantile(speeds, 0.25),
    high: quantile(speeds, 0.75),
    cpuMicroseconds: quantile(cpu, 0.5),
  }
}

function median(numbers: readonly number[]): number {
  return quantile(
    numbers.toSorted((a, b) => a - b),
    0.5,
  )
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

function versionsOf(peers: readonly { readonly package?: string }[]): Record<string, string> {
  const versions: Record<string, string> = {}
  for (const { package: name } of peers) {
    if (name === undefined) continue
    const manifest: unknown = JSON.parse(
      readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'),
    )
    versions[name] = (manifest as { version: string }).version
  }
  return versions
}

function write(report: BenchReport): void {
  const folder = join(root, 'docs/performance')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${report.name}.json`), `${JSON.stringify(report, undefined, 2)}\n`)
}
