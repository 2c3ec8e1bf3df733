import type { Backend } from './backend.ts'
import { insertRows, type BulkLoad } from './bulk.ts'
import type { Catalogue } from './catalogue.ts'
import { SqlError } from './errors.ts'
import type { Output } from './output.ts'
import { Procedures } from './procedures.ts'
import { asSqlError } from './postgres-errors.ts'
import { raised } from './raised.ts'
import type { RpcParameter } from './requests.ts'
import { ResultWriter } from './result-writer.ts'
import { fillSlots, sessionValue } from './slots.ts'
import type { Batch, DefinitionStatement, QueryStatement, Statement } from './statements.ts'
import { command, doneStatus, doneToken, writeMessage } from './tokens.ts'
import type { Transactions } from './transactions.ts'

export interface SessionOptions {
  readonly spid: number
  readonly server: string
  readonly login: string
  readonly application: string
  /** Ends another session. */
  kill(spid: number): Promise<void>
  /** Changes the database; the session's backend is another one then. */
  use(database: string): Promise<void>
}

/** What a request works with. */
export interface Scope {
  readonly output: Output
  readonly values: Map<string, string | null>
  readonly inProcedure: boolean
  /** Temporary tables that end with the procedure. */
  readonly temporary: string[]
}

/** The client does not want the rest. */
export class Cancelled extends Error {}

/** What SQL Server knows of a session, and how it runs batches. */
export class Session {
  readonly options: SessionOptions
  backend: Backend
  transactions: Transactions
  catalogue: Catalogue
  database: string
  xactAbort = false
  nocount = false
  /** Set by an attention; the request that runs ends with {@link Cancelled}. */
  isCancelled = false
  /** After an error of severity 20 and above the connection is closed. */
  isFatal = false
  /** Resolves when the cancel that is on its way can hit nothing any more. */
  cancelling: Promise<void> = Promise.resolve()
  /** Where the rows of the next message go. */
  bulkTable: string | undefined
  readonly procedures = new Procedures(this)
  #rowCount = 0
  #lastError = 0

  constructor(
    options: SessionOptions,
    given: Pick<Session, 'backend' | 'transactions' | 'catalogue' | 'database'>,
  ) {
    this.options = options
    this.backend = given.backend
    this.transactions = given.transactions
    this.catalogue = given.catalogue
    this.database = given.database
  }

  /** Runs a batch to its end, or to the error that ends it; the number of the last error. */
  async run({ statements }: Batch, scope: Scope): Promise<number> {
    this.#lastError = 0
    await this.#runAll(statements, scope)
    return this.#lastError
  }

  report(error: SqlError, output: Output, line = 1, procedure = ''): void {
    const { number, state, severity, message: text } = error
    const { server } = this.options
    const message = { number, state, severity, text, server, procedure, line: error.line ?? line }
    output.write((writer) => writeMessage(writer, message))
    if (severity > 10) this.#lastError = number
    if (severity >= 20) this.isFatal = true
  }

  inform(number: number, text: string, output: Output, line = 1): void {
    this.report(new SqlError(number, text, { severity: 0 }), output, line)
  }

  /** The error that ends a request before it runs. */
  refuse(error: SqlError, scope: Pick<Scope, 'output' | 'inProcedure'>): void {
    this.report(error, scope.output)
    this.#done(scope, command.other, doneStatus.error)
  }

  #done(
    { output, inProcedure }: Pick<Scope, 'output' | 'inProcedure'>,
    verb: number,
    status = 0,
    count?: number,
  ): void {
    const counted = count !== undefined && !this.nocount
    output.done({
      token: inProcedure ? doneToken.inProcedure : doneToken.batch,
      command: verb,
      status: status | this.inTransaction | (counted ? doneStatus.count : 0),
      count: counted ? BigInt(count) : 0n,
    })
  }

  get inTransaction(): number {
    return this.transactions.count > 0 ? doneStatus.inTransaction : 0
  }

  /** Whether the batch goes on. */
  async #runAll(statements: readonly Statement[], scope: Scope): Promise<boolean> {
    for (const statement of statements) {
      if (this.isCancelled) throw new Cancelled()
      if (!(await this.#attempt(statement, scope))) return false
    }
    return true
  }

  async #attempt(statement: Statement, scope: Scope): Promise<boolean> {
    try {
      return await this.#execute(statement, scope)
    } catch (caught) {
      if (this.isCancelled) throw new Cancelled()
      const verb = statement.kind === 'query' ? statement.verb : statement.kind
      const error = asSqlError(caught, {
        database: this.database,
        verb,
        isolation: this.transactions.isolation,
      })
      this.#rowCount = 0
      const isRaised = statement.kind === 'raise' && !statement.isThrown
      const rollsBack = error.scope === 'transaction' || (this.xactAbort && !isRaised && error.severity > 10)
      this.report(error, scope.output, statement.line)
      if (rollsBack) await this.transactions.rollbackAll()
      const ends = error.scope !== 'statement' || (rollsBack && this.xactAbort) || error.severity >= 20
      if (!ends && changes(statement))
        this.inform(3621, 'The statement has been terminated.', scope.output, statement.line)
      this.#done(scope, commandOf(statement), doneStatus.error)
      return !ends
    }
  }

  async #execute(statement: Statement, scope: Scope): Promise<boolean> {
    const { transactions } = this
    switch (statement.kind) {
      case 'query':
        await this.#query(statement, scope)
        return true
      case 'definition':
        await this.#define(statement, scope)
        break
      case 'setting':
        this.#set(statement.setting)
        break
      case 'transaction':
        if (statement.action === 'begin') await transactions.begin(statement.name)
        else if (statement.action === 'save') await transactions.save(statement.name)
        else if (statement.action === 'commit') await transactions.commit()
        else await transactions.rollback(statement.name)
        break
      case 'wait':
        await this.#guarded(statement.sql, scope)
        break
      case 'kill':
        await this.options.kill(statement.spid)
        break
      case 'use':
        await this.options.use(statement.database)
        break
      case 'print':
        this.inform(0, (await this.#value(statement.sql, scope)) ?? ' ', scope.output, statement.line)
        return true
      case 'raise': {
        const values: (string | null)[] = []
        const { text, severity, state } = statement
        for (const sql of [text, severity, state, ...statement.values])
          values.push(await this.#value(sql, scope))
        const error = raised(statement, values)
        if (error.severity > 10) throw error
        this.report(error, scope.output, statement.line)
        return true
      }
      case 'assign':
        if (statement.sql === undefined) scope.values.set(statement.variable, null)
        else scope.values.set(statement.variable, await this.#value(statement.sql, scope))
        return true
      case 'if': {
        const holds = await this.#value(`CASE WHEN ${statement.condition} THEN 1 ELSE 0 END`, scope)
        return await this.#runAll(holds === '1' ? statement.yes : statement.no, scope)
      }
      case 'return':
        return false
      case 'bulk':
        this.bulkTable = statement.table
        break
      case 'execute': {
        const { procedure } = statement
        const given: RpcParameter[] = []
        for (const { name, sql, type } of statement.given) {
          const value = await this.#value(sql, scope)
          given.push({ name, type, value, isOutput: false, isDefault: false })
        }
        const status = await this.procedures.run(
          procedure === '' ? 'sp_executesql' : procedure,
          given,
          scope.output,
        )
        return status === 0 || !this.xactAbort
      }
    }
    this.#rowCount = 0
    this.#done(scope, commandOf(statement))
    return true
  }

  async #query(statement: QueryStatement, scope: Scope): Promise<void> {
    const { catalogue, backend } = this
    const { output } = scope
    const writer =
      statement.columns &&
      new ResultWriter(statement, { catalogue, output, backend, isCancelled: () => this.isCancelled })
    const changed = await this.#guarded(statement.sql, scope, writer)
    if (this.isCancelled) throw new Cancelled()
    writer?.end()
    this.#rowCount = statement.verb === 'select' && writer ? writer.count : changed
    this.#done(scope, commandOf(statement), 0, this.#rowCount)
  }

  async #define({ sql, table, temporary }: DefinitionStatement, scope: Scope): Promise<void> {
    await this.#guarded(sql, scope)
    if (table) await this.catalogue.remember(this.backend, table.name, table.columns)
    if (temporary !== undefined && scope.inProcedure) scope.temporary.push(temporary)
  }

  /** The rows of a bulk load, all or none. */
  async load(load: BulkLoad, output: Output): Promise<void> {
    const { bulkTable, backend, transactions } = this
    this.bulkTable = undefined
    const run = (): Promise<void> => insertRows(backend, bulkTable, load, transactions.count === 0)
    await transactions.guarded(run, () => this.cancelling)
    this.#done({ output, inProcedure: false }, command.insert, 0, load.rows.length)
  }

  #set(setting: Extract<Statement, { kind: 'setting' }>['setting']): void {
    switch (setting.name) {
      case 'isolation':
        this.transactions.isolation = setting.value
        return
      case 'lock timeout':
        this.transactions.lockTimeout = setting.value
        return
      case 'xact_abort':
        this.xactAbort = setting.value
        return
      case 'nocount':
        this.nocount = setting.value
        return
      case 'implicit_transactions':
      case 'accepted':
    }
  }

  async #value(sql: string, scope: Scope): Promise<string | null> {
    let value: string | null = null
    const sink = { fields() {}, row: ([first]: readonly (string | null)[]) => (value = first ?? null) }
    await this.#guarded(`SELECT ${sql}`, scope, sink)
    return value
  }

  async #guarded(sql: string, scope: Scope, sink?: Parameters<Backend['run']>[2]): Promise<number> {
    const { text, values } = fillSlots(sql, (name) => scope.values.get(name) ?? this.#known(name))
    return await this.transactions.guarded(
      () => this.backend.run(text, values, sink),
      () => this.cancelling,
    )
  }

  /** What a slot stands for that is no variable. */
  #known(name: string): string | null {
    const value = sessionValue(name, { session: this, rowCount: this.#rowCount, lastError: this.#lastError })
    return value === undefined ? null : String(value)
  }
}

function changes(statement: Statement): boolean {
  return statement.kind === 'query' && statement.verb !== 'select'
}

function commandOf(statement: Statement): number {
  if (statement.kind !== 'query') return command.other
  return statement.verb === 'other' ? command.other : command[statement.verb]
}
