import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, it } from 'vitest'

/** What the driver and the pool know in the end. */
interface Outcome {
  readonly recovered: number
  readonly sessions: number
  readonly inUse: number
}

let outcomes: Record<string, Outcome>

beforeAll(async () => {
  const program = fileURLToPath(new URL('dropped-program.ts', import.meta.url))
  const env = { ...process.env, NODE_OPTIONS: undefined }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--expose-gc', program], { env })
  expect(stderr).toBe('')
  outcomes = JSON.parse(stdout) as Record<string, Outcome>
})

const allRecovered = { recovered: 100, sessions: 0, inUse: 0 }
const noneTaken = { recovered: 0, sessions: 100, inUse: 100 }

it('100 of 100 connections come back whose handles were dropped', () => {
  expect(outcomes['dropped']).toEqual(allRecovered)
})

it('0 of 100 are taken while a statement runs', () => {
  expect(outcomes['running']).toEqual(noneTaken)
})

it('and they come back when it has ended', () => {
  expect(outcomes['ended']).toEqual(allRecovered)
})

it('a stream that was dropped half read gives its connection back', () => {
  expect(outcomes['streams']).toEqual(allRecovered)
})

it('whoever keeps a transaction keeps its connection', () => {
  expect(outcomes['transactions']).toEqual({ ...noneTaken, kept: 100 })
})

it('those whose stacks are sampled are found without a threshold, and it is told where they were borrowed', () => {
  expect(outcomes['sampled']).toEqual({ ...allRecovered, stacks: 100 })
})

it('without leak detection nothing is looked for', () => {
  expect(outcomes['unwatched']).toEqual(noneTaken)
})
