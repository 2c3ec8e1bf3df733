import * as fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { legalMoves, slotStateNames, SlotTable } from '../../src/pool/slot.ts'
import { run, schedules } from './schedule.ts'

const long = process.env['MODE'] === 'long'
const runs = long ? 100_000 : process.env['CI'] ? 20_000 : 5_000

it(
  `The laws hold in ${runs} random schedules, in which every legal move happens`,
  { timeout: 600_000 },
  async () => {
    const histogram = new Map<string, number>()
    const transition = Object.getOwnPropertyDescriptor(SlotTable.prototype, 'transition')!
    // Listeners that throw are reported.
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const real = transition.value as SlotTable<unknown>['transition']
    SlotTable.prototype.transition = function (slot, to) {
      const move = `${slotStateNames[slot.state]} → ${slotStateNames[to]}`
      histogram.set(move, (histogram.get(move) ?? 0) + 1)
      real.call(this, slot, to)
    }
    try {
      // A failure prints the seed, and the shortest schedule that still fails.
      await fc.assert(fc.asyncProperty(schedules, run), { numRuns: runs, endOnFailure: false })
    } finally {
      warn.mockRestore()
      Object.defineProperty(SlotTable.prototype, 'transition', transition)
    }
    const moves = Object.entries(legalMoves).flatMap(([from, tos]) => tos.map((to) => `${from} → ${to}`))
    console.log(moves.map((move) => `${move.padEnd(24)} ${histogram.get(move) ?? 0}`).join('\n'))
    expect(moves.filter((move) => !histogram.has(move))).toEqual([])
  },
)
