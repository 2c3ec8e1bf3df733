import { afterEach, expect } from 'vitest'
import { connect } from '../../../drivers/pg/connect.ts'
import type { PgConnection } from '../../../drivers/pg/pg-connection.ts'
import { pgDescriptor, type PgSettings } from '../../../drivers/pg/settings.ts'
import { SQLException } from '../../../src/api/sql-exception.ts'
import type { ParameterValue } from '../../../src/api/sql-types.ts'
import { noDeadline } from '../../../src/session/call-deadline.ts'
import { systemClock } from '../../../src/session/system-clock.ts'
import type { Deadline } from '../../../src/spi/deadline.ts'
import type { RawResult } from '../../../src/spi/physical-connection.ts'
import { validateSettings } from '../../../src/spi/settings.ts'
import type { CompiledStatement } from '../../../src/sql/compiled-statement.ts'
import { pgDialect } from '../../../src/sql/dialects/pg.ts'
import { StatementCompiler } from '../../../src/sql/statement-compiler.ts'

export interface OpenedOptions {
  readonly deadline?: Deadline
  readonly statementCacheSize?: number
  readonly prepareThreshold?: number
  readonly networkTimeout?: number
}

const opened: PgConnection[] = []

afterEach(async () => {
  for (const connection of opened) connection.destroy()
  await Promise.all(opened.splice(0).map((connection) => connection.close()))
})

/** A physical connection of the running spec. */
export async function open(
  settings: Readonly<Record<string, unknown>> | object,
  { deadline = noDeadline, ...session }: OpenedOptions = {},
): Promise<PgConnection> {
  const validated = validateSettings(pgDescriptor.settings, { ...settings }, 'pg') as PgSettings
  const connection = await connect(
    validated,
    { deadline },
    {
      dataSourceName: 'pg',
      clock: systemClock,
      session: { queryTimeout: Infinity, validationTimeout: 5_000, statementCacheSize: 256, ...session },
    },
  )
  opened.push(connection)
  return connection
}

const compiler = new StatementCompiler(pgDialect(), 1_000)

export function compiled(text: string): CompiledStatement {
  return compiler.compile(text)
}

export function execute(
  connection: PgConnection,
  text: string,
  ...parameters: ParameterValue[]
): Promise<RawResult> {
  return connection.execute(compiled(text), parameters)
}

/** The one value of the one row. */
export async function valueOf(
  connection: PgConnection,
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
