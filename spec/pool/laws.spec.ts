import { describe, expect, it } from 'vitest'
import { brokenPools } from './broken/index.ts'
import { laws } from './laws.ts'
import { realPool } from './world.ts'

describe('The laws of the pool', () => {
  it.each(laws)('$name', ({ check }) => check(realPool))
})

describe('A pool with a defect is caught', () => {
  it.each(brokenPools)('$defect', async ({ run, law }) => {
    expect(await run()).toBe(law)
  })
})
