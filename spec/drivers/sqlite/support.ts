import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect } from 'vitest'
import type { Channel, OpenChannel } from '../../../drivers/sqlite/channel.ts'
import { sqliteDialect } from '../../../drivers/sqlite/dialect.ts'
import { connect } from '../../../drivers/sqlite/connect.ts'
import { InlineChannel } from '../../../drivers/sqlite/inline-channel.ts'
import { ProcessChannel } from '../../../drivers/sqlite/process-channel.ts'
import type { OpenOptions } from '../../../drivers/sqlite/protocol.ts'
import type { SqliteConnection } from '../../../drivers/sqlite/sqlite-connection.ts'
import { WorkerChannel } from '../../../drivers/sqlite/worker-channel.ts'
import { SQLException } from '../../../src/api/sql-exception.ts'
import type { ParameterValue } from '../../../src/api/sql-types.ts'
import { noDeadline } from '../../../src/session/call-deadline.ts'
import type { Deadline } from '../../../src/spi/deadline.ts'
import type { RawResult } from '../../../src/spi/physical-connection.ts'
import type { CompiledStatement } from '../../../src/sql/compiled-statement.ts'
import { StatementCompiler } from '../../../src/sql/statement-compiler.ts'

export const modes = ['inline', 'worker', 'process'] as const
export type Mode = (typeof modes)[number]

export interface OpenedOptions extends Partial<OpenOptions> {
  readonly mode?: Mode
  readonly statementCacheSize?: number
  readonly deadline?: Deadline
  /** Sees the channel, and may stand between. */
  readonly channel?: (channel: Channel) => Channel
}

const openChannels: Record<Mode, OpenChannel> = {
  inline: (listener) => new InlineChannel(listener),
  worker: (listener) => new WorkerChannel(listener),
  process: (listener) => new ProcessChannel(listener),
}

const opened: SqliteConnection[] = []
const raws: DatabaseSync[] = []
const folders: string[] = []

afterEach(async () => {
  for (const connection of opened) connection.destroy()
  await Promise.all(opened.splice(0).map((connection) => connection.close()))
  for (const database of raws.splice(0)) if (database.isOpen) database.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A folder of the running spec. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wellhead-spec-'))
  folders.push(folder)
  return folder
}

/** The path of a database that does not exist yet. */
export function newFile(): string {
  return join(newFolder(), 'spec.db')
}

/** A connection that ends with the spec. */
export async function open(options: OpenedOptions = {}): Promise<SqliteConnection> {
  const { mode = 'inline', statementCacheSize = 16, deadline = noDeadline, channel, ...rest } = options
  const openChannel: OpenChannel =
    channel === undefined ? openChannels[mode] : (listener) => channel(openChannels[mode](listener))
  const connection = await connect(
    openChannel,
    {
      path: rest.path ?? newFile(),
      readOnly: false,
      journalMode: 'wal',
      synchronous: 'off',
      foreignKeys: true,
      busyTimeout: 10_000,
      nativeValues: false,
      ...rest,
    },
    statementCacheSize,
    deadline,
  )
  opened.push(connection)
  return connection
}

/** The database without Wellhead: the oracle. */
export function raw(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  raws.push(database)
  return database
}

const compiler = new StatementCompiler(sqliteDialect, 100)

export function compile(sql: string): CompiledStatement {
  return compiler.compile(sql)
}

export function run(
  connection: SqliteConnection,
  sql: string,
  parameters: readonly ParameterValue[] = [],
): Promise<RawResult> {
  return connection.execute(compile(sql), parameters)
}

export async function rows(
  connection: SqliteConnection,
  sql: string,
  parameters: readonly ParameterValue[] = [],
): Promise<readonly (readonly unknown[])[]> {
  return (await run(connection, sql, parameters)).rows
}

/** The exception that a promise rejects with. */
export async function refusal(promise: Promise<unknown>): Promise<SQLException> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(SQLException)
  return error as SQLException
}

/** Turns of the event loop until something holds; the spec's timeout is the failure. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

/** So many rows that counting them takes a while: some tens of milliseconds for each million. */
export function countTo(limit: number): string {
  return `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ${limit}) SELECT count(*) AS n FROM c`
}
