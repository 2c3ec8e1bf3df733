import { once } from 'node:events'
import { Connection, Request, type ConnectionConfiguration } from 'tedious'
import type { MssqlSettings } from './tds-server/database.ts'

export interface RawResult {
  /** By position; of all results. */
  readonly rows: unknown[][]
  readonly names: string[]
  readonly count: number
}

export type RawParameter = readonly [
  name: string,
  type: Parameters<Request['addParameter']>[1],
  value: unknown,
  options?: object,
]

type Options = Omit<NonNullable<ConnectionConfiguration['options']>, 'database'>

/** The npm client `tedious` with promises, as specs use it to ask a server without Wellhead. */
export class RawMssql implements AsyncDisposable {
  readonly connection: Connection
  /** Numbers and texts of the messages that are no errors. */
  readonly messages: [number: number, text: string][] = []

  static async connect(settings: MssqlSettings, options: Options = {}): Promise<RawMssql> {
    const { host, port, user, password, database } = settings
    const connection = new Connection({
      server: host,
      authentication: { type: 'default', options: { userName: user, password } },
      options: { port, database, encrypt: false, ...options },
    })
    const raw = new RawMssql(connection)
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => (error ? reject(error) : resolve()))
    })
    return raw
  }

  private constructor(connection: Connection) {
    this.connection = connection
    connection.on('error', () => {}) // its loss is seen by the next request
    connection.on('infoMessage', ({ number, message }) => this.messages.push([number, message]))
  }

  /** By sp_executesql. */
  async query(text: string, parameters: readonly RawParameter[] = []): Promise<RawResult> {
    return await this.#run(text, parameters, (request) => this.connection.execSql(request))
  }

  /** As it stands. */
  async batch(text: string): Promise<RawResult> {
    return await this.#run(text, [], (request) => this.connection.execSqlBatch(request))
  }

  /** With a request in hand, to be cancelled. */
  start(text: string): { readonly request: Request; readonly result: Promise<RawResult> } {
    let request: Request | undefined
    const result = this.#run(text, [], (made) => {
      request = made
      this.connection.execSqlBatch(made)
    })
    return { request: request!, result }
  }

  /** The one value of the one row. */
  async value(text: string, parameters: readonly RawParameter[] = []): Promise<unknown> {
    return (await this.query(text, parameters)).rows[0]?.[0]
  }

  async transact(
    call: (connection: Connection, done: (error?: Error | null) => void) => void,
  ): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      call(this.connection, (error) => (error ? reject(error) : resolve()))
    })
  }

  async close(): Promise<void> {
    if (this.connection.closed) return
    const ended = once(this.connection, 'end')
    this.connection.close()
    await ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #run(
    text: string,
    parameters: readonly RawParameter[],
    send: (request: Request) => void,
  ): Promise<RawResult> {
    return await new Promise<RawResult>((resolve, reject) => {
      const rows: unknown[][] = []
      let names: string[] = []
      const request = new Request(text, (error, count) => {
        if (error) reject(error)
        else resolve({ rows, names, count: count ?? 0 })
      })
      for (const [name, type, value, options] of parameters) request.addParameter(name, type, value, options)
      request.on(
        'columnMetadata',
        (columns) => (names = (columns as { colName: string }[]).map(({ colName }) => colName)),
      )
      request.on('row', (row) => rows.push((row as { value: unknown }[]).map(({ value }) => value)))
      send(request)
    })
  }
}

/** Of the error that it rejects with, or of all of them. */
export async function numberOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    if (error instanceof AggregateError)
      return (error.errors as { number: number }[]).map(({ number }) => number)
    return (error as { readonly number?: number }).number ?? error
  }
  return 'it was accepted'
}
