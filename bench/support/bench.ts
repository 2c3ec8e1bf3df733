import { cpus } from 'node:os'
import { mkdirSync, writeFileSync } from 'node:fs'
import { table } from './table.ts'

/** One way of doing the work: ours, or a peer's. */
export interface Peer {
  readonly name: string
  /** Makes it ready. */
  open(): Promise<OpenPeer>
}

export interface OpenPeer {
  /** Does the work this many times, spread over so many callers that run at once. */
  run(times: number, callers: number): Promise<void>
  close(): Promise<void>
}

/** What a bench claims of a ratio. Printed with what was measured; never asserted in a spec. */
export interface Target {
  readonly peer: string
  readonly callers: number
  /** The reference does this much of what the peer does, at least. */
  readonly atLeast: number
}

export interface Bench {
  readonly name: string
  readonly title: string
  /** The peer that the others are compared with: ours. It runs twice, as a control. */
  readonly reference: Peer
  readonly peers: readonly Peer[]
  readonly callers: readonly number[]
  readonly targets?: readonly Target[]
}

interface Measured {
  readonly peer: string
  readonly callers: number
  /** Operations per second: the median over the rounds. */
  readonly perSecond: number
  /** Of the whole process, threads included; the median. */
  readonly cpuMicroseconds: number
  /** The reference's rate over this peer's, pair by pair; the median. */
  readonly ratio: number
  readonly ratioMin: number
  readonly ratioMax: number
}

interface Slice {
  readonly perSecond: number
  readonly cpuMicroseconds: number
}

/** Outside of this the machine was too noisy to say anything. */
const quiet: readonly [from: number, to: number] = [0.95, 1.05]
const control = '(control)'

/** Runs a bench: all peers in turn, round after round, so that the machine's moods meet them all. */
export async function runBench(bench: Bench, options: { quick: boolean }): Promise<void> {
  const rounds = options.quick ? 5 : 15
  const sliceMilliseconds = options.quick ? 60 : 250
  const peers = [
    bench.reference,
    { ...bench.reference, name: `${bench.reference.name} ${control}` },
    ...bench.peers,
  ]
  const measured: Measured[] = []
  for (const callers of bench.callers) {
    const open = await Promise.all(peers.map(async (peer) => ({ name: peer.name, peer: await peer.open() })))
    const times = new Map<string, number>()
    for (const { name, peer } of open) times.set(name, await calibrate(peer, callers, sliceMilliseconds))
    const slices = new Map<string, Slice[]>(open.map(({ name }) => [name, []]))
    for (let round = 0; round < rounds; round++) {
      // Each round begins with another peer: none is always the one that comes after the garbage of the same other.
      for (let turn = 0; turn < open.length; turn++) {
        const { name, peer } = open[(turn + round) % open.length]!
        slices.get(name)!.push(await slice(peer, times.get(name)!, callers))
      }
    }
    for (const { peer } of open) await peer.close()
    const reference = slices.get(bench.reference.name)!
    for (const { name } of open) measured.push(summary(name, callers, slices.get(name)!, reference))
  }
  report(bench, measured, options.quick)
}

/** How often the work is to be done to fill a slice; warms the code up on the way. */
async function calibrate(peer: OpenPeer, callers: number, milliseconds: number): Promise<number> {
  let times = Math.max(callers, 100)
  for (;;) {
    const begin = performance.now()
    await peer.run(times, callers)
    const took = performance.now() - begin
    if (took > milliseconds / 2) return Math.max(callers, Math.round((times * milliseconds) / took))
    times *= took < milliseconds / 20 ? 8 : 2
  }
}

async function slice(peer: OpenPeer, times: number, callers: number): Promise<Slice> {
  globalThis.gc?.()
  const cpuBefore = process.cpuUsage()
  const begin = performance.now()
  await peer.run(times, callers)
  const took = performance.now() - begin
  const cpu = process.cpuUsage(cpuBefore)
  return { perSecond: (times / took) * 1_000, cpuMicroseconds: (cpu.user + cpu.system) / times }
}

function summary(
  peer: string,
  callers: number,
  slices: readonly Slice[],
  reference: readonly Slice[],
): Measured {
  const ratios = slices.map((each, round) => reference[round]!.perSecond / each.perSecond)
  return {
    peer,
    callers,
    perSecond: Math.round(median(slices.map((each) => each.perSecond))),
    cpuMicroseconds: round(median(slices.map((each) => each.cpuMicroseconds))),
    ratio: round(median(ratios)),
    ratioMin: round(Math.min(...ratios)),
    ratioMax: round(Math.max(...ratios)),
  }
}

function report(bench: Bench, measured: readonly Measured[], quick: boolean): void {
  console.log(`\n${bench.title}`)
  const rows = measured.map((each) => [
    each.peer,
    String(each.callers),
    each.perSecond.toLocaleString('en'),
    each.cpuMicroseconds.toFixed(2),
    `${each.ratio.toFixed(2)} (${each.ratioMin.toFixed(2)}–${each.ratioMax.toFixed(2)})`,
  ])
  console.log(table(['', 'callers', 'per second', 'CPU µs each', `${bench.reference.name} ÷ this`], rows))
  const noisy = measured.filter(
    ({ peer, ratio }) => peer.endsWith(control) && (ratio < quiet[0] || ratio > quiet[1]),
  )
  const noisyCallers = new Set(noisy.map(({ callers }) => callers))
  for (const { peer, callers, atLeast } of bench.targets ?? []) {
    const found = measured.find((each) => each.peer === peer && each.callers === callers)
    const ratio = found?.ratio ?? Number.NaN
    const verdict = noisyCallers.has(callers) ? 'noisy, no verdict' : ratio >= atLeast ? 'held' : 'NOT held'
    console.log(`target: ≥ ${atLeast} × ${peer} at ${callers} callers: ${ratio.toFixed(2)}, ${verdict}`)
  }
  if (quick) return
  mkdirSync('docs/performance', { recursive: true })
  const { node, v8 } = process.versions
  const written = {
    bench: bench.name,
    title: bench.title,
    node,
    v8,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    noisyCallers: [...noisyCallers],
    measured,
  }
  writeFileSync(`docs/performance/${bench.name}.json`, `${JSON.stringify(written, undefined, 2)}\n`)
}

/** Spreads the work over callers that each wait for one piece before they begin the next. */
export async function spread(times: number, callers: number, once: () => Promise<unknown>): Promise<void> {
  const loops: Promise<void>[] = []
  for (let caller = 0; caller < callers; caller++) {
    const share = Math.floor(times / callers) + (caller < times % callers ? 1 : 0)
    loops.push(repeat(share, once))
  }
  await Promise.all(loops)
}

async function repeat(times: number, once: () => Promise<unknown>): Promise<void> {
  for (let time = 0; time < times; time++) await once()
}

function median(values: readonly number[]): number {
  const sorted = [...values].toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
