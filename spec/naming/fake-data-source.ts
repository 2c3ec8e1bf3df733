import type { ConnectionEventListener, ConnectionSource } from '../../src/api/connection-event.ts'
import { SQLException } from '../../src/api/sql-exception.ts'
import type { ClassToken } from '../../src/api/wrapper.ts'
import type { DataSourceMaker, OwnedDataSource } from '../../src/naming/data-source-object-factory.ts'
import { DataSourceObjectFactory } from '../../src/naming/data-source-object-factory.ts'
import { Namespace } from '../../src/naming/namespace.ts'
import { NamingContext } from '../../src/naming/naming-context.ts'
import type { ObjectFactory } from '../../src/naming/reference.ts'

/** A data source without a database: it answers queries with its own settings, and counts. */
export class FakePool {
  readonly name: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly calls: unknown[] = []
  readonly listeners = new Set<ConnectionEventListener<ConnectionSource>>()
  readonly closedInOrder: string[]
  closeFailure: Error | undefined
  connectFailure: Error | undefined
  closes = 0
  /** Connections given back. */
  returned = 0

  constructor(settings: Readonly<Record<string, unknown>>, name: string, closedInOrder: string[]) {
    this.settings = settings
    this.name = name
    this.closedInOrder = closedInOrder
  }

  #record(method: string, ...parameters: unknown[]): Promise<never> {
    this.calls.push([method, ...parameters])
    return Promise.resolve(this.settings as never)
  }

  getConnection = async (...parameters: unknown[]) => {
    await this.#record('getConnection', ...parameters)
    if (this.connectFailure !== undefined) throw this.connectFailure
    return { close: async () => void this.returned++ } as never
  }
  withConnection = (...parameters: unknown[]) => this.#record('withConnection', ...parameters)
  transaction = (...parameters: unknown[]) => this.#record('transaction', ...parameters)
  query = (...parameters: unknown[]) => this.#record('query', ...parameters)
  execute = (...parameters: unknown[]) => this.#record('execute', ...parameters)
  batch = (...parameters: unknown[]) => this.#record('batch', ...parameters)
  health = (...parameters: unknown[]) => this.#record('health', ...parameters)
  stream = (...parameters: unknown[]) => this.#record('stream', ...parameters) as never

  addConnectionEventListener(listener: ConnectionEventListener<ConnectionSource>): void {
    this.listeners.add(listener)
  }
  removeConnectionEventListener(listener: ConnectionEventListener<ConnectionSource>): void {
    this.listeners.delete(listener)
  }

  unwrap<T>(token: ClassToken<T>): T {
    throw new SQLException(`no ${token.name} here`, { sqlState: 'HY000', reason: 'state' })
  }
  isWrapperFor(): boolean {
    return false
  }

  async close(): Promise<void> {
    this.closes++
    await Promise.resolve()
    this.closedInOrder.push(this.name)
    if (this.closeFailure !== undefined) throw this.closeFailure
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** A context over fakes, and what happened in it. */
export class NamingFixture {
  readonly made: FakePool[] = []
  readonly closed: string[] = []
  /** Thrown by the next creations, one each. */
  readonly failures: Error[] = []
  readonly namespace: Namespace
  readonly context: NamingContext

  constructor(factories: ObjectFactory[] = []) {
    this.namespace = new Namespace([new DataSourceObjectFactory(this.make), ...factories])
    this.context = new NamingContext(this.namespace)
  }

  readonly make: DataSourceMaker = (settings, { name }) => {
    const failure = this.failures.shift()
    if (failure !== undefined) throw failure
    const pool = new FakePool(settings, name, this.closed)
    this.made.push(pool)
    return pool satisfies OwnedDataSource
  }
}
