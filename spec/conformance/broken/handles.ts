import type { Connection } from '../../../src/api/connection.ts'
import type { Transaction } from '../../../src/api/executor.ts'
import type { SqlParameters } from '../../../src/api/sql-types.ts'
import { noDeadline } from '../../../src/session/call-deadline.ts'
import type { PooledConnection } from '../../../src/spi/pooled-connection.ts'
import { override, type BrokenDriver } from './broken-driver.ts'

/** The handle that lives now on each physical connection. */
const current = new WeakMap<PooledConnection, Connection>()

/** Drivers whose handles, statements, streams and transactions outlive their time, or lie about it. */
export const brokenHandles: readonly BrokenDriver[] = [
  {
    defect: 'a stale handle reaches the session that is lent to another',
    caughtBy: 'P13',
    fault: {
      handle(handle, pooled) {
        current.set(pooled, handle)
        const execute: Connection['execute'] = (...call) => (current.get(pooled) ?? handle).execute(...call)
        return override(handle, { execute })
      },
    },
  },
  {
    defect: 'a prepared statement outlives its handle',
    caughtBy: 'P13: statement',
    fault: {
      handle(handle, pooled) {
        current.set(pooled, handle)
        return override(handle, {
          async prepareStatement(sql) {
            const statement = await handle.prepareStatement(sql)
            return override(statement, {
              connection: handle,
              execute: (parameters, options) => current.get(pooled)!.execute(sql, parameters, options),
            })
          },
        })
      },
    },
  },
  {
    defect: 'a stream goes on giving the rows that it had fetched',
    caughtBy: 'P13: stream',
    fault: {
      handle: (handle) =>
        override(handle, {
          stream<Row>(...[sql, parameters, options]: Parameters_<Connection['stream']>) {
            const inner = handle.stream<Row>(sql, parameters, options)
            let buffered: IteratorResult<Row> | undefined
            return override(inner, {
              async next() {
                if (buffered !== undefined && handle.isClosed) return buffered
                return (buffered = await inner.next())
              },
            })
          },
        }),
    },
  },
  {
    defect: 'a transaction that escaped its function goes on working',
    caughtBy: 'block: escaped',
    fault: {
      handle: (handle) =>
        override(handle, {
          transaction: (async (work: (transaction: Transaction) => Promise<unknown>) => {
            let over = false
            try {
              return await handle.transaction((transaction) =>
                work(
                  override(transaction, {
                    query: (...call) => (over ? handle : transaction).query(...call),
                  }),
                ),
              )
            } finally {
              over = true
            }
          }) as Connection['transaction'],
        }),
    },
  },
  {
    defect: 'a statement on the connection joins the block that runs on it',
    caughtBy: 'block: connection refused',
    fault: {
      handle(handle) {
        let inner: Transaction | undefined
        return override(handle, {
          query: (...call: Parameters_<Connection['query']>) => (inner ?? handle).query(...call),
          transaction: (async (work: (transaction: Transaction) => Promise<unknown>) => {
            try {
              return await handle.transaction((transaction) => work((inner = transaction)))
            } finally {
              inner = undefined
            }
          }) as Connection['transaction'],
        })
      },
    },
  },
  {
    defect: 'getConnection gives the same handle again',
    caughtBy: 'P2',
    fault: {
      pooled(pooled) {
        let handle: Connection | undefined
        return override(pooled, {
          getConnection: () => (handle?.isClosed === false ? handle : (handle = pooled.getConnection())),
        })
      },
    },
  },
  {
    defect: 'a handle that was killed says that it is open',
    caughtBy: 'P8',
    fault: {
      handle(handle) {
        let closed = false
        return override(handle, {
          get isClosed() {
            return closed
          },
          close() {
            closed = true
            return handle.close()
          },
        })
      },
    },
  },
  {
    defect: 'the connection of a prepared statement is not the handle',
    caughtBy: 'P10',
    fault: {
      handle: (handle) =>
        override(handle, {
          async prepareStatement(sql) {
            return override(await handle.prepareStatement(sql), { connection: override(handle, {}) })
          },
        }),
    },
  },
  {
    defect: 'close() hides that the rollback failed',
    caughtBy: 'P15',
    fault: { handle: (handle) => override(handle, { close: () => handle.close().catch(() => {}) }) },
  },
  {
    defect: 'abort waits for a goodbye',
    caughtBy: 'P16: abort does not wait',
    fault: { pooled: (pooled) => override(pooled, { abort: () => void pooled.close() }) },
  },
  {
    defect: 'isValid rejects when the session is dead',
    caughtBy: 'validate: dead session',
    fault: {
      pooled: (pooled) =>
        override(pooled, {
          async isValid(deadline) {
            if (await pooled.isValid(deadline)) return true
            throw pooled.broken ?? new Error('not valid')
          },
        }),
    },
  },
  {
    defect: 'isValid says yes without asking',
    caughtBy: 'validate: dead session',
    fault: { pooled: (pooled) => override(pooled, { isValid: () => Promise.resolve(true) }) },
  },
  {
    defect: 'isValid has no deadline',
    caughtBy: 'validate: no answer',
    fault: { pooled: (pooled) => override(pooled, { isValid: () => pooled.isValid(noDeadline) }) },
  },
  {
    defect: 'switching auto-commit on rolls back what is open',
    caughtBy: 'TCK changeAutoCommitCommitsTransaction',
    fault: {
      handle: (handle) =>
        override(handle, {
          async setAutoCommit(value) {
            if (value && !handle.autoCommit) await handle.rollback()
            await handle.setAutoCommit(value)
          },
        }),
    },
  },
  {
    defect: 'setting the same auto-commit commits',
    caughtBy: 'TCK sameAutoCommitLeavesTransactionUnchanged',
    fault: {
      handle: (handle) =>
        override(handle, {
          async setAutoCommit(value) {
            if (!value && !handle.autoCommit) await handle.commit()
            await handle.setAutoCommit(value)
          },
        }),
    },
  },
  {
    defect: 'undefined is taken for NULL',
    caughtBy: 'TCK bindFails',
    fault: { handle: (handle) => withParameters(handle, (value) => value.map((one) => one ?? null)) },
  },
  {
    defect: 'the number of parameters is not checked',
    caughtBy: 'Go NumInput',
    fault: {
      handle: (handle) => withParameters(handle, (value, sql) => value.slice(0, sql.split('?').length - 1)),
    },
  },
  {
    defect: 'of several statements in one text the tail is silently dropped',
    caughtBy: 'several statements',
    fault: {
      handle: (handle) =>
        override(handle, {
          execute: (sql: string, ...rest: []) =>
            handle.execute(typeof sql === 'string' ? sql.replace(/;.*/s, '') : sql, ...rest),
        }),
    },
  },
  {
    defect: 'statements overtake one another',
    caughtBy: 'queue: order',
    fault: {
      handle(handle) {
        let count = 0
        return override(handle, {
          execute: async (...call: Parameters_<Connection['execute']>) => {
            if (++count % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
            return handle.execute(...call)
          },
        })
      },
    },
  },
  {
    defect: 'of two columns with one label one is lost',
    caughtBy: 'TCK duplicateColumnNames',
    fault: {
      handle: (handle) =>
        override(handle, {
          query: (async (
            sql: string,
            parameters?: SqlParameters,
            options?: { rowMode?: 'object' | 'array' },
          ) => {
            const result = await handle.query<unknown[]>(sql, parameters, { ...options, rowMode: 'array' })
            if (options?.rowMode === 'array') return result
            const named = result.columns.map(({ name }, index) => [name, index] as const)
            const rows = result.rows.map((row) =>
              Object.fromEntries(named.map(([name, index]) => [name, row[index]])),
            )
            return { ...result, rows }
          }) as unknown as Connection['query'],
        }),
    },
  },
]

type Parameters_<T> = T extends (...given: infer Given) => unknown ? Given : never

function withParameters(
  handle: Connection,
  change: (value: SqlParameters, sql: string) => SqlParameters,
): Connection {
  const execute = (sql: string, parameters?: SqlParameters, options?: object): Promise<unknown> =>
    handle.execute(
      sql,
      Array.isArray(parameters) ? change(parameters as SqlParameters, sql) : parameters,
      options,
    )
  return override(handle, { execute: execute as Connection['execute'] })
}
