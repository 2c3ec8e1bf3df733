import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** What the clients are told. */
export interface ClientsTask {
  readonly port: number
  readonly clients: number
  /** Ids go from 1 to this. */
  readonly addresses: number
  readonly accounts: number
  readonly towns: readonly string[]
}

/** What the clients have seen. Counts are since the beginning. */
export interface ClientsReport {
  readonly sent: number
  /** Whole answers, of whatever status. */
  readonly answered: number
  /** Answers of the kind "the service could not", and requests without an answer. */
  readonly failed: number
  /** Of those: because a connection to the database was lost. */
  readonly lostConnection: number
  /** Transfers that were answered as done. */
  readonly transfers: number
  /** Milliseconds, since the report before. */
  readonly p99: number
}

/** HTTP clients in a thread of their own, so that they do not take the service's time. */
export class Clients {
  readonly #worker: Worker

  constructor(task: ClientsTask) {
    this.#worker = new Worker(new URL('./clients-worker.ts', import.meta.url), { workerData: task })
  }

  report(): Promise<ClientsReport> {
    return this.#ask('report')
  }

  /** Sends no more, and reports when all requests are answered or given up. */
  stop(): Promise<ClientsReport> {
    return this.#ask('stop')
  }

  /** Ends the thread, stopped or not. */
  async end(): Promise<void> {
    await this.#worker.terminate()
  }

  async #ask(what: 'report' | 'stop'): Promise<ClientsReport> {
    const answer = once(this.#worker, 'message')
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
    this.#worker.postMessage(what)
    const [report] = (await answer) as [ClientsReport]
    return report
  }
}
