import { afterEach, expect } from 'vitest'
import { connect } from '../../../drivers/mssql/connect.ts'
import type { MssqlConnection } from '../../../drivers/mssql/mssql-connection.ts'
import { mssqlDescriptor, type MssqlSettings } from '../../../drivers/mssql/settings.ts'
import { SQLException } from '../../../src/api/sql-exception.ts'
import type { ParameterValue } from '../../../src/api/sql-types.ts'
import { noDeadline } from '../../../src/session/call-deadline.ts'
import { systemClock } from '../../../src/session/system-clock.ts'
import type { Deadline } from '../../../src/spi/deadline.ts'
import type { SessionSettings } from '../../../src/spi/driver.ts'
import type { RawResult } from '../../../src/spi/physical-connection.ts'
import { validateSettings } from '../../../src/spi/settings.ts'
import type { CompiledStatement } from '../../../src/sql/compiled-statement.ts'
import { mssqlDialect } from '../../../src/sql/dialects/mssql.ts'
import { StatementCompiler } from '../../../src/sql/statement-compiler.ts'
import type { MssqlAccess } from '../../support/mssql.ts'

export interface OpenedOptions extends Partial<SessionSettings> {
  readonly deadline?: Deadline
}

const opened: MssqlConnection[] = []

afterEach(async () => {
  for (const connection of opened) connection.destroy()
  await Promise.all(opened.splice(0).map((connection) => connection.close()))
})

/** How specs that are about something else encrypt. */
export function tlsOf(server: MssqlAccess): { readonly tls: 'require' | 'disable' } {
  return { tls: server.encrypts ? 'require' : 'disable' }
}

/** A physical connection of the running spec. */
export async function open(
  settings: object,
  { deadline = noDeadline, ...session }: OpenedOptions = {},
): Promise<MssqlConnection> {
  const own = validateSettings(mssqlDescriptor.settings, { ...settings }, 'mssql') as MssqlSettings
  const connection = await connect(
    own,
    { deadline },
    {
      dataSourceName: 'mssql',
      clock: systemClock,
      session: { queryTimeout: Infinity, validationTimeout: 5_000, statementCacheSize: 256, ...session },
    },
  )
  opened.push(connection)
  return connection
}

const compiler = new StatementCompiler(mssqlDialect, 1_000)

export function compiled(text: string): CompiledStatement {
  return compiler.compile(text)
}

export function execute(
  connection: MssqlConnection,
  text: string,
  ...parameters: ParameterValue[]
): Promise<RawResult> {
  return connection.execute(compiled(text), parameters)
}

/** The one value of the one row. */
export async function valueOf(
  connection: MssqlConnection,
  text: string,
  ...parameters: ParameterValue[]
): Promise<unknown> {
  const { rows } = await execute(connection, text, ...parameters)
  return rows[0]?.[0]
}

/** The SQLException that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<SQLException> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(SQLException)
  return error as SQLException
}

/** The number of a session, as the server has it. */
export function spidOf(connection: MssqlConnection): number {
  return Number(/^mssql (\d+)/.exec(connection.id)?.[1])
}
