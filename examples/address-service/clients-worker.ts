import { Agent, request } from 'node:http'
import { createHistogram } from 'node:perf_hooks'
import { parentPort, workerData } from 'node:worker_threads'
import type { ClientsReport, ClientsTask } from './clients.ts'
import { seededRandom, type Random } from './random.ts'

interface Question {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: string
}

const { port, clients, addresses, accounts, towns } = workerData as ClientsTask
const agent = new Agent({ keepAlive: true, maxSockets: clients })
/** In microseconds. */
const latencies = createHistogram()
const counts = { sent: 0, answered: 0, failed: 0, lostConnection: 0, transfers: 0 }
/** Aborted when no more is to be asked. */
const end = new AbortController()

const all = Array.from({ length: clients }, (_, number) => client(number))

parentPort!.on('message', (message: 'report' | 'stop') => {
  if (message === 'report') report()
  else void stop()
})

async function stop(): Promise<void> {
  end.abort()
  await Promise.all(all)
  agent.destroy()
  report()
  parentPort!.close()
}

function report(): void {
  const answer: ClientsReport = { ...counts, p99: latencies.percentile(99) / 1000 }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
  parentPort!.postMessage(answer)
  latencies.reset()
}

/** Asks, waits for the answer, asks again. Every fifth question needs the database. */
async function client(number: number): Promise<void> {
  const random = seededRandom(number)
  for (let turn = number; !end.signal.aborted; turn++) {
    const question: Question = turn % 5 === 0 ? aboutData(random) : { method: 'GET', path: '/' }
    const begun = performance.now()
    counts.sent++
    try {
      const { status, text } = await send(question)
      counts.answered++
      judge(question, status, text)
    } catch {
      counts.failed++
    }
    latencies.record(Math.max(1, Math.round((performance.now() - begun) * 1000)))
  }
}

function aboutData(random: Random): Question {
  switch (random.below(10)) {
    case 0:
    case 1:
      return { method: 'GET', path: `/towns/${encodeURIComponent(random.pick(towns))}` }
    case 2:
    case 3:
      return { method: 'GET', path: `/addresses?town=${encodeURIComponent(random.pick(towns))}` }
    case 4: {
      const order = { from: account(random), to: account(random), cents: 1 + random.below(5_000) }
      return { method: 'POST', path: '/transfers', body: JSON.stringify(order) }
    }
    default:
      return { method: 'GET', path: `/addresses/${1 + random.below(addresses)}` }
  }
}

function account(random: Random): number {
  return 1 + random.below(accounts)
}

function judge({ path }: Question, status: number, text: string): void {
  if (status === 200 && path === '/transfers') counts.transfers++
  // 409 is an answer: the account had not enough.
  if (status === 200 || status === 409) return
  counts.failed++
  if (/"reason":"(connection-lost|connect-failed|closed)"/.test(text)) counts.lostConnection++
}

function send({ method, path, body }: Question): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { agent, port, host: '127.0.0.1', method, path, timeout: 10_000 },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
        response.on('error', reject)
      },
    )
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
