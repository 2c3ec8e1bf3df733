import type { PoolStatistics } from 'wellhead'
import type { ClientsReport } from './clients.ts'
import type { Loaded } from './load.ts'
import { count } from './count.ts'

/** All that was counted, by those who did it and by those who watched. */
export interface Facts {
  readonly loaded: Loaded
  /** Rows that the database counts at the end. */
  readonly rowsStored: number
  readonly clients: ClientsReport
  readonly killed: number
  /** In cents, as the database adds them up. */
  readonly balancesBefore: bigint
  readonly balancesAfter: bigint
  readonly acquired: number
  readonly released: number
  /** After the data source was closed. */
  readonly statistics: PoolStatistics
}

export interface LedgerLine {
  readonly name: string
  readonly holds: boolean
  readonly text: string
  readonly figures: Readonly<Record<string, number>>
}

export function ledgerOf(facts: Facts): LedgerLine[] {
  return [rows(facts), requests(facts), idleDeath(facts), balances(facts), connections(facts), events(facts)]
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

function balances({ balancesBefore, balancesAfter, clients: { transfers } }: Facts): LedgerLine {
  return {
    name: 'balances',
    holds: balancesBefore === balancesAfter && transfers > 0,
    text: `sum ${count(balancesBefore)} before ${equal(balancesBefore, balancesAfter)} ${count(balancesAfter)} after ${count(transfers)} transfers`,
    figures: { before: Number(balancesBefore), after: Number(balancesAfter), transfers },
  }
}

function connections({ statistics: { counters, total } }: Facts): LedgerLine {
  const closed = Object.values(counters.closed).reduce((sum, number) => sum + number, 0)
  return {
    name: 'connections',
    holds: counters.created === closed + total && total === 0,
    text: `${count(counters.created)} made ${equal(counters.created, closed + total)} ${count(closed)} closed + ${count(total)} open`,
    figures: { made: counters.created, closed, open: total },
  }
}

function events({ acquired, released, statistics: { counters } }: Facts): LedgerLine {
  const counted = counters.acquired === acquired && counters.released === released
  return {
    name: 'events',
    holds: acquired === released && counted && acquired > 0,
    text: `${count(acquired)} acquired ${equal(acquired, released)} ${count(released)} released, ${count(counters.acquired)} in the statistics`,
    figures: { acquired, released, counted: counters.acquired },
  }
}

function equal(left: number | bigint, right: number | bigint): '=' | '≠' {
  return left === right ? '=' : '≠'
}
