import { describe, expect, it } from 'vitest'
import { brokenSharing } from './broken/sharing.ts'
import { sharingLaws } from './sharing-laws.ts'
import { realPool } from './world.ts'

describe('The laws of sharing', () => {
  it.each(sharingLaws)('$name', ({ check }) => check(realPool))
})

describe('A pool with a defect in sharing is caught', () => {
  it.each(brokenSharing)('$defect', async ({ run, law }) => {
    expect(await run()).toBe(law)
  })
})
