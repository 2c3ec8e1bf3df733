import type { PooledConnection } from '../../../src/spi/pooled-connection.ts'
import { listening, override, type BrokenDriver, type Listener } from './broken-driver.ts'

/** Drivers that tell their listeners too much, too little, too late, or the wrong ones. */
export const brokenEvents: readonly BrokenDriver[] = [
  {
    defect: 'connectionClosed is told twice',
    caughtBy: 'P4',
    fault: {
      pooled: (pooled) =>
        listening(pooled, (listener) => ({
          connectionClosed(event) {
            listener.connectionClosed?.(event)
            listener.connectionClosed?.(event)
          },
          connectionErrorOccurred: (event) => listener.connectionErrorOccurred?.(event),
        })),
    },
  },
  {
    defect: 'connectionClosed is never told',
    caughtBy: 'P4',
    fault: {
      pooled: (pooled) =>
        listening(pooled, (listener) => ({
          connectionErrorOccurred: (event) => listener.connectionErrorOccurred?.(event),
        })),
    },
  },
  {
    defect: 'connectionClosed is told after close() has returned',
    caughtBy: 'ruling 2: clean close',
    fault: {
      pooled: (pooled) =>
        listening(pooled, (listener) => ({
          connectionClosed: (event) => queueMicrotask(() => listener.connectionClosed?.(event)),
          connectionErrorOccurred: (event) => listener.connectionErrorOccurred?.(event),
        })),
    },
  },
  {
    defect: 'connectionClosed is told again at the second close()',
    caughtBy: 'P4: double close',
    fault: {
      pooled(pooled) {
        const listeners = new Set<Listener>()
        return override(pooled, {
          getConnection() {
            const handle = pooled.getConnection()
            const close = async (): Promise<void> => {
              const again = handle.isClosed
              await handle.close()
              if (again) for (const listener of listeners) listener.connectionClosed?.({ source: pooled })
            }
            return override(handle, { close })
          },
          addConnectionEventListener(listener) {
            listeners.add(listener)
            pooled.addConnectionEventListener(listener)
          },
        })
      },
    },
  },
  {
    defect: 'connectionClosed is told when a newer handle replaces one',
    caughtBy: 'P7',
    fault: {
      pooled(pooled) {
        let listeners: Listener[] = []
        let live: { readonly isClosed: boolean } | undefined
        return override(pooled, {
          getConnection() {
            const replaces = live?.isClosed === false
            const handle = pooled.getConnection()
            live = handle
            if (replaces) for (const listener of listeners) listener.connectionClosed?.({ source: pooled })
            return handle
          },
          addConnectionEventListener(listener) {
            listeners = [...listeners, listener]
            pooled.addConnectionEventListener(listener)
          },
        })
      },
    },
  },
  {
    defect: 'connectionClosed is told when the physical connection is closed',
    caughtBy: 'P7: physical close',
    fault: {
      pooled(pooled) {
        const listeners = new Set<Listener>()
        return override(pooled, {
          async close() {
            await pooled.close()
            for (const listener of listeners) listener.connectionClosed?.({ source: pooled })
          },
          addConnectionEventListener(listener) {
            listeners.add(listener)
            pooled.addConnectionEventListener(listener)
          },
        })
      },
    },
  },
  {
    defect: 'a fatal error is not reported',
    caughtBy: 'P9',
    fault: {
      pooled: (pooled) =>
        listening(pooled, (listener) => ({
          connectionClosed: (event) => listener.connectionClosed?.(event),
        })),
    },
  },
  {
    defect: 'a fatal error is reported after the rejection',
    caughtBy: 'P12',
    fault: {
      pooled: (pooled) =>
        listening(pooled, (listener) => ({
          connectionClosed: (event) => listener.connectionClosed?.(event),
          connectionErrorOccurred: (event) => setImmediate(() => listener.connectionErrorOccurred?.(event)),
        })),
    },
  },
  {
    defect: 'a fatal error is reported at every use',
    caughtBy: 'ruling 4: once',
    fault: {
      pooled(pooled) {
        const listeners = new Set<Listener>()
        return override(pooled, {
          getConnection() {
            const { broken } = pooled
            if (broken !== undefined) {
              for (const listener of listeners) {
                listener.connectionErrorOccurred?.({ source: pooled, error: broken })
              }
            }
            return pooled.getConnection()
          },
          addConnectionEventListener(listener) {
            listeners.add(listener)
            pooled.addConnectionEventListener(listener)
          },
        })
      },
    },
  },
  {
    defect: 'the death of an idle session is not noticed',
    caughtBy: 'P9: idle death',
    fault: {
      physical: (physical) =>
        Object.defineProperty(override(physical, {}), 'onDeath', { set() {}, get: () => undefined }),
    },
  },
  {
    defect: 'constraint errors are reported as fatal',
    caughtBy: 'P11',
    fault: {
      physical: (physical) =>
        override(physical, {
          async execute(statement, parameters) {
            try {
              return await physical.execute(statement, parameters)
            } catch (error) {
              throw Object.assign(error as Error, { fatal: true })
            }
          },
        }),
    },
  },
  {
    defect: 'an exception of a listener becomes the outcome of close()',
    caughtBy: 'P14',
    fault: {
      pooled(pooled) {
        let thrown: unknown
        const guarded = listening(pooled, (listener) => ({
          connectionClosed(event) {
            try {
              listener.connectionClosed?.(event)
            } catch (error) {
              thrown = error
            }
          },
          connectionErrorOccurred: (event) => listener.connectionErrorOccurred?.(event),
        }))
        return override(guarded, {
          getConnection() {
            const handle = guarded.getConnection()
            return override(handle, {
              async close() {
                await handle.close()
                if (thrown !== undefined) throw thrown as Error
              },
            })
          },
        })
      },
    },
  },
  {
    defect: 'a listener that removes itself hides the event from the next one',
    caughtBy: 'P6',
    fault: { pooled: (pooled) => liveList(pooled, { once: true }) },
  },
  {
    defect: 'a listener added twice is told twice',
    caughtBy: 'ruling 5: added twice',
    fault: { pooled: (pooled) => liveList(pooled, { once: false }) },
  },
  {
    defect: 'a listener that was removed is told',
    caughtBy: 'P5',
    fault: { pooled: (pooled) => override(pooled, { removeConnectionEventListener() {} }) },
  },
  {
    defect: 'the source of an event is not the pooled connection',
    caughtBy: 'P4: source',
    fault: {
      pooled: (pooled) =>
        listening(pooled, (listener) => ({
          connectionClosed: (event) => listener.connectionClosed?.({ ...event, source: { ...event.source } }),
          connectionErrorOccurred: (event) => listener.connectionErrorOccurred?.(event),
        })),
    },
  },
]

/** A list that is walked by position while its listeners change it. */
function liveList(pooled: PooledConnection, { once }: { once: boolean }): PooledConnection {
  const list: Listener[] = []
  pooled.addConnectionEventListener({
    connectionClosed(event) {
      for (let index = 0; index < list.length; index++) list[index]!.connectionClosed?.(event)
    },
  })
  return override(pooled, {
    addConnectionEventListener(listener) {
      if (!once || !list.includes(listener)) list.push(listener)
    },
    removeConnectionEventListener(listener) {
      const index = list.indexOf(listener)
      if (index >= 0) list.splice(index, 1)
    },
  })
}
