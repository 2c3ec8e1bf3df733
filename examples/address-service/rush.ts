import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { PooledDataSource, type DataSource } from 'wellhead'
import { Clients, type ClientsReport, type ClientsTask } from './clients.ts'
import { count } from './count.ts'
import type { Display } from './display.ts'

/** What befalls the service under load. */
export interface Incident {
  /** When: quarters of the time that have passed. */
  readonly quarters: 1 | 2 | 3
  /** @param soFar What the clients have seen until now. */
  happen(soFar: ClientsReport): Promise<void>
}

/** Lets clients ask the service for some seconds, and has this and that happen meanwhile. */
export async function rush(
  service: Server,
  dataSource: DataSource,
  display: Display,
  plan: Omit<ClientsTask, 'port'> & { readonly seconds: number; readonly incidents: readonly Incident[] },
): Promise<ClientsReport> {
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  const { port } = service.address() as AddressInfo
  const { seconds, incidents, ...task } = plan
  const clients = new Clients({ ...task, port })
  display.line(
    'service',
    `http://127.0.0.1:${port}, ${count(task.clients)} clients, 1 question in 5 asks the database`,
  )
  try {
    await watch(clients, dataSource, display, seconds, incidents)
    return await clients.stop()
  } finally {
    await clients.end()
    service.close()
    await once(service, 'close')
  }
}

async function watch(
  clients: Clients,
  dataSource: DataSource,
  display: Display,
  seconds: number,
  incidents: readonly Incident[],
): Promise<void> {
  let before = await firstAnswers(clients)
  const steps = display.refreshes(seconds)
  const begun = before.at
  let next = begun
  for (let step = 1; step <= steps; step++) {
    next += (seconds * 1000) / steps
    await sleep(Math.max(0, next - performance.now()))
    const report = await clients.report()
    const at = performance.now()
    const rate = (report.answered - before.answered) / ((at - before.at) / 1000)
    before = { answered: report.answered, at }
    display.live(`${((at - begun) / 1000).toFixed(1)} s`, liveText(rate, report.p99, dataSource))
    for (const incident of incidents.filter(({ quarters }) => step === (steps / 4) * quarters)) {
      await incident.happen(report)
      // It may have taken longer than a step.
      next = Math.max(next, performance.now())
    }
  }
}

/** The clients' thread takes its time to start: the clock begins with its first answers. */
async function firstAnswers(clients: Clients): Promise<{ answered: number; at: number }> {
  for (;;) {
    const { answered, failed } = await clients.report()
    if (answered + failed > 0) return { answered, at: performance.now() }
    await sleep(20)
  }
}

/** Fits into 80 columns together with its label. */
function liveText(rate: number, p99: number, dataSource: DataSource): string {
  // Of the pool that is there now: another one after a move.
  const { inUse, validating, idle, waiting, soft, maximum } = dataSource.unwrap(PooledDataSource).statistics()
  return [
    `${count(rate).padStart(6)} req/s`,
    `p99 ${count(p99).padStart(3)} ms`,
    // One that is being checked is on its way to a borrower.
    `in use ${inUse + validating} idle ${idle} waiting ${String(waiting).padEnd(3)}`,
    `soft ${soft} hard ${maximum}`,
  ].join('  ')
}
