import type { PoolStatistics } from 'wellhead'
import type { ClientsReport } from './clients.ts'
import type { Loaded } from './load.ts'
import type { Move } from './move.ts'
import { count } from './count.ts'

/** All that was counted, by those who did it and by those who watched. */
export interface Facts {
  readonly loaded: Loaded
  /** Rows that the database counts at the end. */
  readonly rowsStored: number
  readonly clients: ClientsReport
  readonly killed: number
  readonly move: Move
  /** Requests that had failed before the move. */
  readonly failedBeforeMove: number
  /** Transfers that the database behind the name counts at the end. */
  readonly transfersStored: number
  /** In cents, as the database adds them up. */
  readonly balancesBefore: bigint
  readonly balancesAfter: bigint
  readonly acquired: number
  readonly released: number
  /** Of each data source, the replaced one first, after all were closed. */
  readonly statistics: readonly PoolStatistics[]
}

export interface LedgerLine {
  readonly name: string
  readonly holds: boolean
  readonly text: string
  readonly figures: Readonly<Record<string, number>>
}

export function ledgerOf(facts: Facts): LedgerLine[] {
  return [rows, requests, idleDeath, rebind, transfers, balances, connections, events].map((line) =>
    line(facts),
  )
}

function rows({ loaded, rowsStored }: Facts): LedgerLine {
  const { read, committed } = loaded
  const bad = loaded.bad.length
  return {
    name: 'rows',
    holds: read === committed + bad && rowsStored === committed && committed > 0,
    text: `${count(read)} read ${equal(read, committed + bad)} ${count(committed)} committed + ${count(bad)} bad, ${count(rowsStored)} stored`,
    figures: { read, committed, bad, stored: rowsStored },
  }
}

function requests({ clients: { sent, answered, failed } }: Facts): LedgerLine {
  return {
    name: 'requests',
    holds: sent === answered && failed === 0 && sent > 0,
    text: `${count(sent)} sent ${equal(sent, answered)} ${count(answered)} answered, ${count(failed)} of them failed`,
    figures: { sent, answered, failed },
  }
}

function idleDeath({ killed, clients: { lostConnection } }: Facts): LedgerLine {
  return {
    name: 'idle death',
    holds: killed === 1 && lostConnection === 0,
    text: `${count(killed)} connection killed while idle, ${count(lostConnection)} requests failed by it`,
    figures: { killed, failedByIt: lostConnection },
  }
}

function rebind({ move: { left }, failedBeforeMove, statistics, clients }: Facts): LedgerLine {
  const closed = closedOf(left)
  const made = left.counters.created
  const madeByNext = statistics.at(-1)!.counters.created
  const failed = clients.failed - failedBeforeMove
  return {
    name: 'rebind',
    holds: made === closed && left.total === 0 && made > 0 && madeByNext > 0 && failed === 0,
    text: `old pool ${count(made)} made ${equal(made, closed)} ${count(closed)} closed, new one ${count(madeByNext)} made, ${count(failed)} requests failed`,
    figures: { made, closed, madeByNext, failed },
  }
}

function transfers({ move, transfersStored, clients }: Facts): LedgerLine {
  const answered = clients.transfers
  const { transfersMoved: moved } = move
  return {
    name: 'transfers',
    holds: answered === transfersStored && moved <= transfersStored && answered > 0,
    text: `${count(answered)} answered ${equal(answered, transfersStored)} ${count(moved)} moved + ${count(transfersStored - moved)} made in the new database`,
    figures: { answered, moved, madeInNew: transfersStored - moved },
  }
}

function balances({ balancesBefore, balancesAfter, clients }: Facts): LedgerLine {
  return {
    name: 'balances',
    holds: balancesBefore === balancesAfter,
    text: `sum ${count(balancesBefore)} before ${equal(balancesBefore, balancesAfter)} ${count(balancesAfter)} after ${count(clients.transfers)} transfers`,
    figures: { before: Number(balancesBefore), after: Number(balancesAfter), transfers: clients.transfers },
  }
}

function connections({ statistics }: Facts): LedgerLine {
  const made = sum(statistics, ({ counters }) => counters.created)
  const closed = sum(statistics, closedOf)
  const open = sum(statistics, ({ total }) => total)
  return {
    name: 'connections',
    holds: made === closed + open && open === 0,
    text: `${count(made)} made ${equal(made, closed + open)} ${count(closed)} closed + ${count(open)} open`,
    figures: { made, closed, open },
  }
}

function events({ acquired, released, statistics }: Facts): LedgerLine {
  const counted = sum(statistics, ({ counters }) => counters.acquired)
  const countedBack = sum(statistics, ({ counters }) => counters.released)
  return {
    name: 'events',
    holds: acquired === released && counted === acquired && countedBack === released && acquired > 0,
    text: `${count(acquired)} acquired ${equal(acquired, released)} ${count(released)} released, ${count(counted)} in the statistics`,
    figures: { acquired, released, counted },
  }
}

function closedOf({ counters }: PoolStatistics): number {
  return sum(Object.values(counters.closed), (number) => number)
}

function sum<T>(items: readonly T[], numberOf: (item: T) => number): number {
  return items.reduce((total, item) => total + numberOf(item), 0)
}

function equal(left: number | bigint, right: number | bigint): '=' | '≠' {
  return left === right ? '=' : '≠'
}
