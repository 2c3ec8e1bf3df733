import type { Connection } from '../api/connection.ts'
import type { SQLException } from '../api/sql-exception.ts'
import type { ConnectionEventListener, ConnectionSource } from '../api/connection-event.ts'
import type { Deadline } from '../spi/deadline.ts'
import type { ConnectionPoolDataSource } from '../spi/driver.ts'
import type { ConnectionActivity, PooledConnection } from '../spi/pooled-connection.ts'
import type { SlotFactory } from './slot-factory.ts'
import type { PoolSettings } from './settings.ts'
import type { CloseReason, Slot } from './slot.ts'

/** Told what a physical connection says. */
export interface MemberListener {
  memberClosed(member: Member): void
  memberFailed(member: Member, error: SQLException): void
}

/** A physical connection in its slot: the pool's listener on it, and its face towards applications. */
export class Member implements ConnectionEventListener<PooledConnection> {
  readonly pooled: PooledConnection
  readonly source: ConnectionSource
  readonly #listener: MemberListener
  #slot: Slot<Member> | undefined

  constructor(pooled: PooledConnection, dataSourceName: string, now: () => number, listener: MemberListener) {
    this.pooled = pooled
    this.#listener = listener
    const slot = (): Slot<Member> | undefined => this.#slot
    this.source = Object.freeze({
      id: pooled.id,
      dataSourceName,
      get age() {
        return now() - (slot()?.createdAt ?? now())
      },
      get uses() {
        return slot()?.uses ?? 0
      },
    })
  }

  /** Set before anything can be heard. */
  get slot(): Slot<Member> {
    return this.#slot!
  }

  attach(slot: Slot<Member>): void {
    this.#slot = slot
    slot.label = this.pooled.id
    this.pooled.addConnectionEventListener(this)
  }

  connectionClosed(): void {
    this.#listener.memberClosed(this)
  }

  connectionErrorOccurred({ error }: { readonly error: SQLException }): void {
    this.#listener.memberFailed(this, error)
  }
}

/** Makes physical connections out of a driver, and says what the pool's settings mean for them. */
export class ConnectionFactory implements SlotFactory<Member, Connection> {
  readonly lendsHandles = true
  readonly #dataSource: ConnectionPoolDataSource
  readonly #settings: Pick<PoolSettings, 'sessionReset'>
  readonly #memberOf: (pooled: PooledConnection) => Member

  constructor(
    dataSource: ConnectionPoolDataSource,
    settings: Pick<PoolSettings, 'sessionReset'>,
    memberOf: (pooled: PooledConnection) => Member,
  ) {
    this.#dataSource = dataSource
    this.#settings = settings
    this.#memberOf = memberOf
  }

  async create(deadline: Deadline): Promise<Member> {
    return this.#memberOf(await this.#dataSource.getPooledConnection({ deadline }))
  }

  destroy({ pooled }: Member, reason?: CloseReason): Promise<void> {
    // It is not expected to answer.
    if (reason === 'broken' || reason === 'invalid' || reason === 'resetFailed') pooled.abort()
    return pooled.close(reason === 'leaked' ? 'leak' : 'pool')
  }

  validate({ pooled }: Member, deadline: Deadline): Promise<boolean> {
    return pooled.isValid(deadline)
  }

  needsReset({ pooled }: Member): boolean {
    const { sessionReset } = this.#settings
    return sessionReset === 'auto' ? pooled.dirty : sessionReset === 'always'
  }

  reset({ pooled }: Member, deadline: Deadline): Promise<void> {
    return pooled.reset(deadline)
  }

  activity({ pooled }: Member): ConnectionActivity {
    return pooled.activity
  }

  isBroken({ pooled }: Member): boolean {
    return pooled.broken !== undefined
  }

  attach(slot: Slot<Member>): void {
    slot.resource!.attach(slot)
  }

  lend({ pooled }: Member): Connection {
    return pooled.getConnection()
  }
}
