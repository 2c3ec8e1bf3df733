// Each line of the quickstart's ledger holds for the truth, and for nothing else.
import type { PoolStatistics } from 'wellhead'
import { expect, it } from 'vitest'
import { ledgerOf, type Facts } from '../../examples/address-service/ledger.ts'

function statistics(acquired: number, created: number, closed: number): PoolStatistics {
  const counters = { acquired, released: acquired, created, closed: { overflow: closed, broken: 0 } }
  return { counters, total: created - closed } as unknown as PoolStatistics
}

const move = { seconds: 0.1, left: statistics(600, 9, 9), transfersMoved: 30 }
const clients = { sent: 900, answered: 900, failed: 0, lostConnection: 0, transfers: 50, p99: 1 }
const truth: Facts = {
  loaded: { read: 100, committed: 98, bad: [1, 2].map((line) => ({ line, fault: 'none' })) },
  rowsStored: 98,
  clients,
  killed: 1,
  move,
  failedBeforeMove: 0,
  transfersStored: 50,
  balancesBefore: 1_000n,
  balancesAfter: 1_000n,
  acquired: 1_000,
  released: 1_000,
  statistics: [statistics(600, 9, 9), statistics(400, 12, 12)],
}

const failing = (facts: Facts): string[] =>
  ledgerOf(facts).flatMap(({ name, holds }) => (holds ? [] : [name]))

it('holds for the truth', () => {
  expect(failing(truth)).toEqual([])
})

it.each<[string, string[], Partial<Facts>]>([
  ['a row was lost', ['rows'], { rowsStored: 97 }],
  ['a request had no answer', ['requests'], { clients: { ...clients, answered: 899 } }],
  ['a request failed at first', ['requests'], { clients: { ...clients, failed: 1 }, failedBeforeMove: 1 }],
  ['a request failed after the move', ['requests', 'rebind'], { clients: { ...clients, failed: 1 } }],
  ['nothing was killed', ['idle death'], { killed: 0 }],
  [
    'the old pool kept a connection when it was replaced',
    ['rebind'],
    { move: { ...move, left: statistics(600, 9, 8) } },
  ],
  ['the new pool was never used', ['rebind'], { statistics: [statistics(1_000, 9, 9), statistics(0, 0, 0)] }],
  ['a transfer went into the old file', ['transfers'], { transfersStored: 49 }],
  ['a transfer was made twice', ['transfers'], { transfersStored: 51 }],
  ['there were no transfers', ['transfers'], { clients: { ...clients, transfers: 0 }, transfersStored: 0 }],
  ['a cent is missing', ['balances'], { balancesAfter: 999n }],
  [
    'a connection of the new pool stays open',
    ['connections'],
    { statistics: [statistics(600, 9, 9), statistics(400, 12, 11)] },
  ],
  ['a connection did not come back', ['events'], { released: 999 }],
  [
    'the statistics counted another',
    ['events'],
    { statistics: [statistics(601, 9, 9), statistics(400, 12, 12)] },
  ],
])('when %s, it says so by: %j', (_, lines, lie) => {
  expect(failing({ ...truth, ...lie })).toEqual(lines)
})
