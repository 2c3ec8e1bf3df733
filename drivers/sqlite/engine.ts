import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { SqlValue } from '../../src/api/sql-types.ts'
import { DatabaseSync as Database } from './native-sqlite.ts'
import { PreparedStatement } from './prepared-statement.ts'
import type {
  Answer,
  Failure,
  NativeArguments,
  NativeValue,
  NewStatement,
  OpenOptions,
  Request,
} from './protocol.ts'
import { convertRows, sameColumns, ValueFault, type ResultPlan } from './result-types.ts'
import { splitScript } from './split-script.ts'

/** A result that is not converted yet: whether the schema changed meanwhile is asked once for all of them. */
export class RawRows {
  readonly entry: Entry
  readonly prepared: PreparedStatement
  readonly rows: NativeValue[][]
  readonly updateCount: number
  readonly inTransaction: boolean

  constructor(
    entry: Entry,
    prepared: PreparedStatement,
    rows: NativeValue[][],
    count: number,
    inTransaction: boolean,
  ) {
    this.entry = entry
    this.prepared = prepared
    this.rows = rows
    this.updateCount = count
    this.inTransaction = inTransaction
  }
}

export type Outcome = Answer | RawRows

/** A text by its number, and the columns that the other side knows of it. */
interface Entry {
  readonly sql: string
  prepared: PreparedStatement | undefined
  sent: ResultPlan | undefined
}

interface OpenStream {
  readonly statement: StatementSync
  readonly iterator: Iterator<NativeValue[]>
  readonly plan: ResultPlan
}

/**
 * SQLite at work, in whatever thread or process: requests in, outcomes out, nothing waits. What SQLite refuses is
 * thrown as it comes from `node:sqlite`; a request that met a lock may be run again.
 */
export class Engine {
  #options: OpenOptions | undefined
  #database: DatabaseSync | undefined
  #entries = new Map<number, Entry>()
  #schemaVersion: StatementSync | undefined
  #totalChanges: StatementSync | undefined
  #knownSchema: unknown
  /** Since the last end of a transaction: to roll back undoes it. */
  #schemaChanged = false
  /** Of the session; a read-only transaction sets it for its time. */
  #queryOnly = false
  #queryOnlyNow = false
  #stream: OpenStream | undefined
  /** How far a batch or a script came before it met a lock. */
  #progress: { counts: number[]; statements: string[] | undefined } | undefined

  get database(): DatabaseSync {
    if (this.#database === undefined) throw new Error('the database is closed')
    return this.#database
  }

  run(request: Request): Outcome {
    switch (request[0]) {
      case 'execute':
        return this.#execute(request[1], request[2], request[3])
      case 'batch':
        return this.#batch(request[1], request[2])
      case 'script':
        return this.#script(request[1])
      case 'stream':
        return this.#openStream(request[1], request[2], request[3])
      case 'fetch':
        return this.#fetch(request[1], undefined)
      case 'end':
        this.#endStream()
        return this.#done()
      case 'begin':
        return this.#begin(request[1])
      case 'commit':
        return this.#end('COMMIT')
      case 'rollback':
        return this.#rollback(request[1])
      case 'savepoint':
        return this.#exec(`SAVEPOINT ${quoted(request[1])}`)
      case 'release':
        return this.#exec(`RELEASE ${quoted(request[1])}`)
      case 'query only':
        this.#queryOnly = request[1]
        this.#setQueryOnly(request[1])
        return this.#done()
      case 'ping':
        return this.#ping()
      case 'open':
        return this.#open(request[1])
      case 'reset':
        this.close()
        return this.#open(this.#options!)
      case 'close':
        this.close()
        return ['done', false]
    }
  }

  /** What becomes of a request that failed for good. */
  fail(request: Request, failure: Failure): Answer {
    const progress = this.#progress
    this.#progress = undefined
    const inTransaction = this.#settle()
    if (request[0] === 'batch') return ['counts', inTransaction, progress?.counts ?? [], failure]
    return ['failed', inTransaction, failure]
  }

  /** Makes answers of outcomes: converts rows, and adds the columns that the other side does not know. */
  seal(outcomes: Outcome[]): Answer[] {
    if (outcomes.some((outcome) => outcome instanceof RawRows && outcome.prepared.returnsRows)) {
      if (this.#schemaHasChanged()) {
        for (const outcome of outcomes) if (outcome instanceof RawRows) outcome.prepared.refreshPlan()
        this.#forgetPrepared()
      }
    }
    return outcomes.map((outcome) => (outcome instanceof RawRows ? sealRows(outcome) : outcome))
  }

  /** Idempotent. */
  close(): void {
    this.#stream = undefined
    this.#progress = undefined
    this.#schemaVersion = this.#totalChanges = undefined
    this.#forgetPrepared()
    const database = this.#database
    this.#database = undefined
    if (database?.isOpen === true) database.close()
  }

  #open(options: OpenOptions): Answer {
    this.#options = options
    const { path, readOnly, foreignKeys } = options
    // Waiting for locks is not left to SQLite: it would block the thread, and nothing could end it.
    const database = new Database(path, { readOnly, enableForeignKeyConstraints: foreignKeys, timeout: 0 })
    try {
      if (!readOnly) database.exec(`PRAGMA journal_mode = ${options.journalMode}`)
      database.exec(`PRAGMA synchronous = ${options.synchronous}`)
      this.#schemaVersion = database.prepare('PRAGMA schema_version')
      this.#totalChanges = database.prepare('SELECT total_changes() AS n')
      this.#knownSchema = this.#schemaVersion.get()?.['schema_version']
      const version = database.prepare('SELECT sqlite_version() AS version').get()?.['version']
      this.#database = database
      this.#queryOnly = this.#queryOnlyNow = readOnly
      return ['opened', false, String(version)]
    } catch (error) {
      database.close()
      throw error
    }
  }

  #execute(number: number, text: NewStatement | undefined, parameters: NativeArguments): Outcome {
    const entry = this.#entry(number, text)
    entry.prepared ??= this.#prepare(entry.sql)
    const { prepared } = entry
    const outcome = this.#run(entry, prepared, parameters)
    if (prepared.changesSchema) this.#changeSchema()
    return outcome
  }

  #run(entry: Entry, prepared: PreparedStatement, parameters: NativeArguments): RawRows {
    const { statement, counted } = prepared
    if (!prepared.returnsRows) {
      const { changes } = statement.run(...asValues(parameters))
      return new RawRows(entry, prepared, [], counted === 'not' ? 0 : Number(changes), this.#settle())
    }
    const before = counted === 'by total' ? this.#total() : 0
    const rows = statement.all(...asValues(parameters)) as unknown as NativeValue[][]
    let count = 0
    if (counted === 'by rows' || (counted === 'by total' && this.#total() !== before)) count = rows.length
    return new RawRows(entry, prepared, rows, count, this.#settle())
  }

  #batch(sql: string, rows: readonly NativeArguments[]): Answer {
    const { counts } = (this.#progress ??= { counts: [], statements: undefined })
    const prepared = this.#prepare(sql)
    while (counts.length < rows.length) {
      const parameters = rows[counts.length]!
      if (prepared.returnsRows) {
        counts.push(prepared.counted === 'not' ? 0 : prepared.statement.all(...asValues(parameters)).length)
      } else {
        const { changes } = prepared.statement.run(...asValues(parameters))
        counts.push(prepared.counted === 'not' ? 0 : Number(changes))
      }
    }
    this.#progress = undefined
    if (prepared.changesSchema) this.#changeSchema()
    return ['counts', this.#settle(), counts]
  }

  #script(text: string): Answer {
    this.#progress ??= { counts: [], statements: splitScript(text) }
    const statements = this.#progress.statements!
    try {
      while (statements.length > 0) {
        this.database.exec(statements[0]!)
        statements.shift()
      }
    } finally {
      this.#changeSchema()
    }
    this.#progress = undefined
    return this.#done()
  }

  #openStream(sql: string, parameters: NativeArguments, fetchSize: number): Answer {
    const prepared = this.#prepare(sql)
    const iterator = prepared.statement.iterate(...asValues(parameters)) as unknown as Iterator<NativeValue[]>
    const first = iterator.next()
    // The first step fixes the columns: until it is done they may change.
    prepared.refreshPlan()
    this.#stream = { statement: prepared.statement, iterator, plan: prepared.plan }
    return this.#fetch(fetchSize, first)
  }

  #fetch(fetchSize: number, first: IteratorResult<NativeValue[]> | undefined): Answer {
    const stream = this.#stream
    if (stream === undefined) return ['portion', this.#settle(), [], true]
    try {
      const rows: NativeValue[][] = []
      let next = first ?? stream.iterator.next()
      while (next.done !== true) {
        rows.push(next.value)
        if (rows.length === fetchSize) break
        next = stream.iterator.next()
      }
      const last = next.done === true
      if (last) this.#stream = undefined
      const portion = convertRows(rows, stream.plan)
      if (first === undefined) return ['portion', this.#settle(), portion, last]
      return ['portion', this.#settle(), portion, last, stream.plan.columns]
    } catch (error) {
      this.#endStream()
      throw error
    }
  }

  #endStream(): void {
    const stream = this.#stream
    this.#stream = undefined
    stream?.iterator.return?.()
  }

  #begin(readOnly: boolean): Answer {
    // A transaction that begins as a reader and then writes may be refused with 517, which no waiting helps.
    if (!readOnly && !this.#queryOnly) return this.#exec('BEGIN IMMEDIATE')
    this.database.exec('BEGIN DEFERRED')
    this.#setQueryOnly(true)
    return this.#done()
  }

  #end(verb: 'COMMIT' | 'ROLLBACK'): Answer {
    const open = this.database.isTransaction
    if (open) this.database.exec(verb)
    return ['ended', this.#settle(), open && verb === 'COMMIT' ? 'committed' : 'rolled-back']
  }

  #rollback(savepoint: string | undefined): Answer {
    if (this.#schemaChanged) this.#forgetPrepared()
    return savepoint === undefined ? this.#end('ROLLBACK') : this.#exec(`ROLLBACK TO ${quoted(savepoint)}`)
  }

  #exec(sql: string): Answer {
    this.database.exec(sql)
    return this.#done()
  }

  #ping(): Answer {
    try {
      this.#schemaVersion!.get()
    } catch (error) {
      // Locked by another: alive.
      if (!isBusy(error)) throw error
    }
    return this.#done()
  }

  #prepare(sql: string): PreparedStatement {
    return new PreparedStatement(this.database, sql, this.#options!.nativeValues)
  }

  #done(): Answer {
    return ['done', this.#settle()]
  }

  /** Whether a transaction is open. When a read-only one has ended, in whatever way, the session writes again. */
  #settle(): boolean {
    const database = this.#database
    if (database?.isOpen !== true) return false
    const open = database.isTransaction
    if (!open) this.#schemaChanged = false
    if (!open && this.#queryOnlyNow !== this.#queryOnly) this.#setQueryOnly(this.#queryOnly)
    return open
  }

  #setQueryOnly(on: boolean): void {
    this.database.exec(`PRAGMA query_only = ${on ? 'ON' : 'OFF'}`)
    this.#queryOnlyNow = on
  }

  #entry(number: number, text: NewStatement | undefined): Entry {
    if (text === undefined) return this.#entries.get(number)!
    // It may be here already: a statement that met a lock is run again.
    const known = this.#entries.get(number)
    if (known?.sql === text.sql) return known
    if (text.forget !== undefined) this.#entries.delete(text.forget)
    const entry: Entry = { sql: text.sql, prepared: undefined, sent: undefined }
    if (number !== 0) this.#entries.set(number, entry)
    return entry
  }

  #total(): unknown {
    return this.#totalChanges!.get()?.['n']
  }

  #schemaHasChanged(): boolean {
    let version: unknown
    try {
      version = this.#schemaVersion!.get()?.['schema_version']
    } catch {
      return true
    }
    if (version === this.#knownSchema) return false
    this.#knownSchema = version
    return true
  }

  #changeSchema(): void {
    this.#schemaChanged = this.database.isTransaction
    this.#forgetPrepared()
  }

  #forgetPrepared(): void {
    for (const entry of this.#entries.values()) entry.prepared = undefined
  }
}

/** A lock of another connection that will go away. 517, a snapshot that is too old, does not. */
export function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: unknown } | undefined)?.errcode
  return typeof code === 'number' && (code & 0xff) === 5 && code !== 517
}

/** An error as data. */
export function toFailure(error: unknown): Failure {
  if (error instanceof ValueFault) return { message: error.message, ours: error.ours }
  if (!(error instanceof Error)) return { message: String(error) }
  const { message, code, errcode } = error as Error & { code?: unknown; errcode?: unknown }
  return {
    message,
    ...(typeof code === 'string' && { code }),
    ...(typeof errcode === 'number' && { errcode }),
  }
}

function sealRows({ entry, prepared, rows, updateCount, inTransaction }: RawRows): Answer {
  const { plan } = prepared
  let converted: SqlValue[][]
  try {
    converted = convertRows(rows, plan)
  } catch (error) {
    return ['failed', inTransaction, toFailure(error)]
  }
  if (entry.sent === plan) return ['result', inTransaction, converted, updateCount]
  if (entry.sent !== undefined && sameColumns(entry.sent, plan)) {
    entry.sent = plan
    return ['result', inTransaction, converted, updateCount]
  }
  entry.sent = plan
  return ['result', inTransaction, converted, updateCount, plan.columns]
}

/** The object of named values is an argument like the others; its types know it as an overload. */
function asValues(parameters: NativeArguments): readonly NativeValue[] {
  return parameters as readonly NativeValue[]
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
