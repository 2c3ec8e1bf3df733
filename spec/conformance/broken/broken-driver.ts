import type { Connection } from '../../../src/api/connection.ts'
import type { ConnectionEventListener } from '../../../src/api/connection-event.ts'
import type {
  ConnectionPoolDataSource,
  DriverContext,
  PooledConnectionOptions,
} from '../../../src/spi/driver.ts'
import type { PhysicalConnection } from '../../../src/spi/physical-connection.ts'
import type { PooledConnection } from '../../../src/spi/pooled-connection.ts'
import { ScriptedDriver } from '../../../src/testing/index.ts'

export type Listener = ConnectionEventListener<PooledConnection>

/** What is put around the parts of a driver that works, to break one of them. */
export interface Fault {
  readonly physical?: (physical: PhysicalConnection) => PhysicalConnection
  readonly pooled?: (pooled: PooledConnection) => PooledConnection
  /** The handles that a pooled connection gives. */
  readonly handle?: (handle: Connection, pooled: PooledConnection) => Connection
  readonly openSession?: (
    open: (options: PooledConnectionOptions) => Promise<PhysicalConnection>,
    options: PooledConnectionOptions,
  ) => Promise<PhysicalConnection>
}

/** A driver with one named defect. */
export interface BrokenDriver {
  readonly defect: string
  /** The id of the case that must catch it. */
  readonly caughtBy: string
  readonly fault: Fault
}

/** The scripted driver with something put around its parts. */
export class FaultyDriver extends ScriptedDriver {
  readonly #fault: Fault

  constructor(fault: Fault) {
    super()
    this.#fault = fault
  }

  override createConnectionPoolDataSource(
    settings: Readonly<Record<string, unknown>>,
    context: DriverContext,
  ): ConnectionPoolDataSource {
    const source = super.createConnectionPoolDataSource(settings, context)
    return override(source, {
      getPooledConnection: async (options) => this.#wrap(await source.getPooledConnection(options)),
    })
  }

  override async openSession(
    ...[options, chosen, context]: Parameters<ScriptedDriver['openSession']>
  ): Promise<PhysicalConnection> {
    const open = (given: PooledConnectionOptions): Promise<PhysicalConnection> =>
      super.openSession(given, chosen, context)
    const physical = await (this.#fault.openSession?.(open, options) ?? open(options))
    return this.#fault.physical?.(physical) ?? physical
  }

  #wrap(pooled: PooledConnection): PooledConnection {
    const { handle, pooled: around } = this.#fault
    const wrapped = around?.(pooled) ?? pooled
    if (handle === undefined) return wrapped
    return override(wrapped, { getConnection: () => handle(wrapped.getConnection(), wrapped) })
  }
}

/** An object like another, but for some members. */
export function override<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name, members) as unknown
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' && name !== 'constructor' ? value.bind(target) : value
    },
    set: (_, name, value) => Reflect.set(target, name, value, target),
  })
}

/** A pooled connection whose listeners are replaced by others. */
export function listening(
  pooled: PooledConnection,
  replace: (listener: Listener) => Listener,
): PooledConnection {
  const replaced = new Map<Listener, Listener>()
  return override(pooled, {
    addConnectionEventListener(listener) {
      const other = replaced.get(listener) ?? replace(listener)
      replaced.set(listener, other)
      pooled.addConnectionEventListener(other)
    },
    removeConnectionEventListener(listener) {
      pooled.removeConnectionEventListener(replaced.get(listener) ?? listener)
    },
  })
}
