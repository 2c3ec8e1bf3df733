import type { Backend } from './backend.ts'
import { SqlError, unknown } from './errors.ts'
import type { IsolationLevel } from './statements.ts'

export interface TransactionEvents {
  begun(descriptor: bigint): void
  committed(descriptor: bigint): void
  rolledBack(descriptor: bigint): void
}

const levelOf: Readonly<Record<IsolationLevel, string>> = {
  'read uncommitted': 'READ COMMITTED',
  'read committed': 'READ COMMITTED',
  'repeatable read': 'REPEATABLE READ',
  snapshot: 'REPEATABLE READ',
  serializable: 'SERIALIZABLE',
}

let lastDescriptor = 0n

/** Transactions as SQL Server counts them, on those of PostgreSQL. */
export class Transactions {
  readonly #backend: Backend
  readonly #events: TransactionEvents
  #isolation: IsolationLevel = 'read committed'
  #begunAs: IsolationLevel = 'read committed'
  #isUsed = false
  #lockTimeout = -1
  #appliedLockTimeout = -1
  #count = 0
  #descriptor = 0n
  #name = ''
  readonly #savepoints: string[] = []

  constructor(backend: Backend, events: TransactionEvents) {
    this.#backend = backend
    this.#events = events
  }

  /** `@@TRANCOUNT`. */
  get count(): number {
    return this.#count
  }

  get descriptor(): bigint {
    return this.#descriptor
  }

  get isolation(): IsolationLevel {
    return this.#isolation
  }

  /** Kept by the session until it is changed again. */
  set isolation(level: IsolationLevel) {
    if (this.#count > 0 && this.#isUsed && levelOf[level] !== levelOf[this.#begunAs]) {
      throw unknown('how to change the isolation level within a transaction that has run statements')
    }
    this.#isolation = level
  }

  get lockTimeout(): number {
    return this.#lockTimeout
  }

  set lockTimeout(milliseconds: number) {
    this.#lockTimeout = milliseconds
  }

  async begin(name: string): Promise<void> {
    if (this.#count++ > 0) return
    await this.#backend.rows(`BEGIN ISOLATION LEVEL ${levelOf[this.#isolation]}`)
    this.#begunAs = this.#isolation
    this.#isUsed = false
    this.#name = name
    this.#descriptor = ++lastDescriptor
    this.#events.begun(this.#descriptor)
  }

  async commit(): Promise<void> {
    if (this.#count === 0) {
      throw new SqlError(3902, 'The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.')
    }
    if (this.#count > 1) {
      this.#count--
      return
    }
    try {
      await this.#backend.rows('COMMIT')
    } catch (error) {
      await this.rollbackAll()
      throw error
    }
    const descriptor = this.#forget()
    this.#events.committed(descriptor)
  }

  /** To the savepoint of that name, or all of it. */
  async rollback(name: string): Promise<void> {
    if (this.#count === 0) {
      throw new SqlError(3903, 'The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.')
    }
    if (name === '' || (name === this.#name && !this.#savepoints.includes(name))) {
      await this.rollbackAll()
      return
    }
    const at = this.#savepoints.lastIndexOf(name)
    if (at === -1) {
      const text = `Cannot roll back ${name}. No transaction or savepoint of that name was found.`
      throw new SqlError(6401, text)
    }
    await this.#backend.rows(`ROLLBACK TO SAVEPOINT ${savepoint(name)}`)
    this.#savepoints.length = at + 1
    this.#appliedLockTimeout = NaN
  }

  async save(name: string): Promise<void> {
    if (this.#count === 0) {
      throw new SqlError(628, 'Cannot issue SAVE TRANSACTION when there is no active transaction.', {
        state: 0,
      })
    }
    this.#isUsed = true
    await this.#backend.rows(`SAVEPOINT ${savepoint(name)}`)
    this.#savepoints.push(name)
  }

  async rollbackAll(): Promise<void> {
    if (this.#count === 0) return
    await this.#backend.rows('ROLLBACK')
    this.#appliedLockTimeout = NaN
    const descriptor = this.#forget()
    this.#events.rolledBack(descriptor)
  }

  /**
   * Runs a statement so that its failure undoes itself alone: PostgreSQL's transaction would be lost with it.
   *
   * @param settled Resolves when nothing can cancel any more what is sent next.
   */
  async guarded<Result>(run: () => Promise<Result>, settled: () => Promise<void>): Promise<Result> {
    await this.#applyLockTimeout()
    if (this.#count === 0) {
      try {
        return await run()
      } finally {
        await settled()
      }
    }
    this.#isUsed = true
    await this.#backend.rows('SAVEPOINT tds_statement')
    try {
      const result = await run()
      await settled()
      await this.#backend.rows('RELEASE SAVEPOINT tds_statement')
      return result
    } catch (error) {
      await settled()
      await this.#backend.rows('ROLLBACK TO SAVEPOINT tds_statement')
      await this.#backend.rows('RELEASE SAVEPOINT tds_statement')
      this.#appliedLockTimeout = NaN
      throw error
    }
  }

  async #applyLockTimeout(): Promise<void> {
    if (this.#appliedLockTimeout === this.#lockTimeout) return
    // 0 does not wait at all in SQL Server, and waits for ever in PostgreSQL.
    const milliseconds = this.#lockTimeout === -1 ? 0 : Math.max(this.#lockTimeout, 1)
    await this.#backend.rows(`SET lock_timeout = ${milliseconds}`)
    this.#appliedLockTimeout = this.#lockTimeout
  }

  #forget(): bigint {
    const descriptor = this.#descriptor
    this.#count = 0
    this.#descriptor = 0n
    this.#savepoints.length = 0
    return descriptor
  }
}

function savepoint(name: string): string {
  return `"s_${name.toLowerCase().replaceAll('"', '""')}"`
}
