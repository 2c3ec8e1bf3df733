import { thisMachine, versionsOf, writeReport, type Machine } from './machine.ts'
import { roleOfProcess, servePeer, startPeer, type Runner, type Sample } from './peer-process.ts'
import { printReport } from './report.ts'
import { ascending, inTurn, median, medianDifference, medianRatio, quantile } from './rounds.ts'

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
  /** Of several the fastest. */
  readonly over: string | readonly string[]
  readonly atLeast: number
}

/** How much more CPU time one peer may take for each operation than another. */
interface CpuTarget {
  readonly scenario: string
  readonly peer: string
  readonly over: string
  readonly atMostMicroseconds: number
}

interface Verdict {
  /** Undefined when the machine was too noisy for a verdict. */
  readonly reached: boolean | undefined
}

export interface TargetVerdict extends Target, Verdict {
  readonly over: string
  readonly ratio: number
}

export interface CpuVerdict extends CpuTarget, Verdict {
  readonly microseconds: number
}

export interface Bench<Scenario extends { readonly name: string }> {
  /** Also of the file under docs/performance. */
  readonly name: string
  readonly title: string
  /** Of the figures: `cycles per second`. */
  readonly unit: string
  readonly scenarios: readonly Scenario[]
  readonly peers: readonly Peer<Scenario>[]
  /** Each peer in a process of its own: see peer-process.ts. What they talk to is started by `startOnce`. */
  readonly isolated?: boolean
  /** The peer that runs twice: what the two differ by is noise. */
  readonly control: string
  readonly targets?: readonly (Target | CpuTarget)[]
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
  readonly verdicts: readonly (TargetVerdict | CpuVerdict)[]
}

export interface BenchReport extends Machine {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly quick: boolean
  readonly rounds: number
  readonly versions: Readonly<Record<string, string>>
  readonly scenarios: readonly ScenarioReport[]
}

/**
 * Runs a bench as `node bench/<name>.ts [--quick] [--write]`: rounds in which every peer has its turn, in an order that
 * changes, so that whatever disturbs the machine disturbs all. A full run writes its report to docs/performance; a
 * quick one only with `--write`.
 */
export async function runBench<Scenario extends { readonly name: string }>(
  bench: Bench<Scenario>,
  args: readonly string[] = process.argv.slice(2),
): Promise<void> {
  const role = roleOfProcess()
  if (role !== undefined) {
    const scenario = bench.scenarios.find(({ name }) => name === role.scenario)!
    const peer = bench.peers.find(({ name }) => name === role.peer)!
    await servePeer(inThisProcess(await peer.prepare(scenario)))
    return
  }
  const quick = args.includes('--quick')
  const { rounds, milliseconds } = slices(quick, bench.isolated ?? false)
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
    ...thisMachine(),
    versions: versionsOf(bench.peers),
    scenarios,
  }
  printReport(report)
  if (!quick || args.includes('--write')) writeReport(report)
}

/**
 * A process that rests while others have their turn begins slowly, and could leave its garbage to be collected meanwhile:
 * its slices are longer, so that it pays for itself.
 */
function slices(
  quick: boolean,
  isolated: boolean,
): { readonly rounds: number; readonly milliseconds: number } {
  if (isolated) return quick ? { rounds: 7, milliseconds: 200 } : { rounds: 15, milliseconds: 1_000 }
  return quick ? { rounds: 7, milliseconds: 60 } : { rounds: 21, milliseconds: 150 }
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
  const { isolated = false } = bench
  const runners = new Map<string, Runner>()
  for (const peer of peers) {
    const known = peer.name === again ? control.name : peer.name
    const runner = isolated
      ? await startPeer(known, scenario.name)
      : inThisProcess(await peer.prepare(scenario))
    runners.set(peer.name, runner)
  }
  // A process has compiled nothing yet when it begins.
  const measured = await inTurn(peers, { rounds, warmUp: isolated ? 4 : 2 }, ({ name }) =>
    runners.get(name)!.measure(milliseconds),
  )
  const samples = new Map([...measured].map(([{ name }, all]) => [name, all]))
  for (const runner of runners.values()) await runner.end()

  const speedsOf = (name: string): number[] => samples.get(name)!.map(({ perSecond }) => perSecond)
  const cpuOf = (name: string): number[] => samples.get(name)!.map(({ cpuMicroseconds }) => cpuMicroseconds)
  const ratioOf = (one: string, other: string): number => medianRatio(speedsOf(one), speedsOf(other))
  const controlRatio = ratioOf(again, control.name)
  const noisy = isNoisy(controlRatio)
  // Whoever else is at work takes less from the CPU time than from the speed: it is judged by itself.
  const cpuControl = medianRatio(cpuOf(again), cpuOf(control.name))
  const targets = (bench.targets ?? []).filter((target) => target.scenario === scenario.name)
  return {
    scenario: scenario.name,
    peers: Object.fromEntries(bench.peers.map(({ name }) => [name, summary(samples.get(name)!)])),
    control: controlRatio,
    noisy,
    verdicts: targets.map((target) => {
      if ('atMostMicroseconds' in target) {
        const microseconds = medianDifference(cpuOf(target.peer), cpuOf(target.over))
        const reached = isNoisy(cpuControl) ? undefined : microseconds <= target.atMostMicroseconds
        return { ...target, microseconds, reached }
      }
      const others = [target.over].flat()
      const over = others.toSorted((a, b) => median(speedsOf(b)) - median(speedsOf(a)))[0]!
      const ratio = ratioOf(target.peer, over)
      return { ...target, over, ratio, reached: noisy ? undefined : ratio >= target.atLeast }
    }),
  }
}

function isNoisy(control: number): boolean {
  return control < 0.95 || control > 1.05
}

function inThisProcess(contender: Contender): Runner {
  return {
    measure(milliseconds) {
      // Each begins with the garbage of nobody else, where the runtime lets us.
      if (roleOfProcess() === undefined) globalThis.gc?.()
      return measure(contender, milliseconds)
    },
    end: () => contender.end(),
  }
}

async function measure(contender: Contender, milliseconds: number): Promise<Sample> {
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

function summary(samples: readonly Sample[]): {
  median: number
  low: number
  high: number
  cpuMicroseconds: number
} {
  const speeds = ascending(samples.map(({ perSecond }) => perSecond))
  const cpu = ascending(samples.map(({ cpuMicroseconds }) => cpuMicroseconds))
  return {
    median: quantile(speeds, 0.5),
    low: quantile(speeds, 0.25),
    high: quantile(speeds, 0.75),
    cpuMicroseconds: quantile(cpu, 0.5),
  }
}
