import { Query, type Client, type FieldDef, type QueryArrayResult, type QueryConfig } from 'pg'
import { rawClient, type PostgresSettings } from '../postgres-database.ts'

export type TextRow = readonly (string | null)[]

/** Where rows go as they come. */
export interface RowSink {
  fields(fields: readonly FieldDef[]): void
  row(row: TextRow): void
}

/** The session of PostgreSQL that stands behind one of SQL Server. */
export class Backend {
  readonly pid: number
  readonly #client: Client
  #isRunning = false

  static async connect(settings: PostgresSettings, applicationName: string): Promise<Backend> {
    const client = rawClient(settings, applicationName)
    await client.connect()
    await client.query(
      `SET search_path = dbo, public; SET timezone = 'UTC'; SET datestyle = 'ISO, MDY'; SET bytea_output = 'hex';
       SET deadlock_timeout = '100ms'; SET client_min_messages = 'error'`,
    )
    return new Backend(client)
  }

  private constructor(client: Client) {
    this.#client = client
    this.pid = (client as unknown as { readonly processID: number }).processID
  }

  /** Whether a statement runs that a cancel may hit. */
  get isRunning(): boolean {
    return this.#isRunning
  }

  onEnd(listener: () => void): void {
    this.#client.once('end', listener)
  }

  /** What a client asked for: it can be cancelled. */
  async run(sql: string, values: readonly (string | null)[], sink?: RowSink): Promise<number> {
    this.#isRunning = true
    try {
      return await this.#submit(sql, values, sink)
    } finally {
      this.#isRunning = false
    }
  }

  /** What this server needs for itself. */
  async rows(sql: string, values: readonly (string | null)[] = []): Promise<TextRow[]> {
    const rows: TextRow[] = []
    await this.#submit(sql, values, { fields() {}, row: (row) => rows.push(row) })
    return rows
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  async end(): Promise<void> {
    await this.#client.end()
  }

  get #stream(): NodeJS.ReadStream {
    return (this.#client as unknown as { readonly connection: { readonly stream: NodeJS.ReadStream } })
      .connection.stream
  }

  async #submit(
    text: string,
    values: readonly (string | null)[],
    sink: RowSink | undefined,
  ): Promise<number> {
    const types = { getTypeParser: () => (value: string) => value }
    return await new Promise<number>((resolve, reject) => {
      const query = new Query<string[]>({ text, values: [...values], rowMode: 'array', types } as QueryConfig)
      let isDescribed = false
      const describe = (result: QueryArrayResult | undefined): void => {
        if (isDescribed || result === undefined) return
        isDescribed = true
        sink?.fields(result.fields)
      }
      query.on('row', (row, result) => {
        describe(result)
        sink?.row(row)
      })
      query.on('error', reject)
      query.on('end', (result) => {
        describe(result)
        resolve(result.rowCount ?? 0)
      })
      this.#client.query(query)
    })
  }
}
