import { afterEach, expect } from 'vitest'
import { connect, controlConnection } from '../../../drivers/mysql/connect.ts'
import type { ControlConnection } from '../../../drivers/mysql/control.ts'
import type { MySqlConnection } from '../../../drivers/mysql/mysql-connection.ts'
import { mySqlDescriptor, type MySqlSettings } from '../../../drivers/mysql/settings.ts'
import { SQLException } from '../../../src/api/sql-exception.ts'
import type { ParameterValue } from '../../../src/api/sql-types.ts'
import { noDeadline } from '../../../src/session/call-deadline.ts'
import { systemClock } from '../../../src/session/system-clock.ts'
import type { Deadline } from '../../../src/spi/deadline.ts'
import type { SessionSettings } from '../../../src/spi/driver.ts'
import type { RawResult } from '../../../src/spi/physical-connection.ts'
import { validateSettings } from '../../../src/spi/settings.ts'
import type { CompiledStatement } from '../../../src/sql/compiled-statement.ts'
import { mysqlDialect } from '../../../src/sql/dialects/mysql.ts'
import { StatementCompiler } from '../../../src/sql/statement-compiler.ts'

export interface OpenedOptions extends Partial<SessionSettings> {
  readonly deadline?: Deadline
}

const opened: MySqlConnection[] = []
const controls: ControlConnection[] = []

afterEach(async () => {
  for (const connection of opened) connection.destroy()
  await Promise.all(opened.splice(0).map((connection) => connection.close()))
  await Promise.all(controls.splice(0).map((control) => control.close()))
})

function validated(settings: object): MySqlSettings {
  return validateSettings(mySqlDescriptor.settings, { ...settings }, 'mysql') as MySqlSettings
}

/** A physical connection of the running spec. */
export async function open(
  settings: object,
  { deadline = noDeadline, ...session }: OpenedOptions = {},
): Promise<MySqlConnection> {
  const own = validated(settings)
  const context = {
    dataSourceName: 'mysql',
    clock: systemClock,
    session: { queryTimeout: Infinity, validationTimeout: 5_000, statementCacheSize: 256, ...session },
  }
  const control = controlConnection(own, context)
  controls.push(control)
  const connection = await connect(own, { deadline }, context, control)
  opened.push(connection)
  return connection
}

const compiler = new StatementCompiler(mysqlDialect({ flavor: 'mariadb' }), 1_000)

export function compiled(text: string): CompiledStatement {
  return compiler.compile(text)
}

export function execute(
  connection: MySqlConnection,
  text: string,
  ...parameters: ParameterValue[]
): Promise<RawResult> {
  return connection.execute(compiled(text), parameters)
}

/** The one value of the one row. */
export async function valueOf(
  connection: MySqlConnection,
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
export function threadOf(connection: MySqlConnection): number {
  return Number(/^mysql (\d+)/.exec(connection.id)?.[1])
}
