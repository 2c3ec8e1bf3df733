import type { SQLException } from '../../../src/api/sql-exception.ts'
import { noDeadline } from '../../../src/session/call-deadline.ts'
import type {
  PhysicalConnection,
  RawResult,
  TransactionStatus,
} from '../../../src/spi/physical-connection.ts'
import { override, type BrokenDriver } from './broken-driver.ts'

/** Drivers whose port to the database does not do what it says. */
export const brokenPhysicalConnections: readonly BrokenDriver[] = [
  {
    defect: 'close does not roll back',
    caughtBy: 'close: rollback',
    fault: {
      physical(physical) {
        let savepoint: string | undefined
        return override(physical, {
          get transactionStatus(): TransactionStatus {
            return 'none'
          },
          async rollback(to) {
            savepoint = to
            if (savepoint !== undefined) await physical.rollback(savepoint)
          },
        })
      },
    },
  },
  {
    defect: 'the rollback at close commits',
    caughtBy: 'close: rollback',
    fault: {
      physical: (physical) =>
        override(physical, {
          async rollback(savepoint) {
            if (savepoint === undefined) await physical.commit()
            else await physical.rollback(savepoint)
          },
        }),
    },
  },
  {
    defect: 'a late cancel hits the next statement',
    caughtBy: 'cancel: never the next',
    fault: {
      physical(physical) {
        let late = false
        return override(physical, {
          cancel() {
            late = true
            return Promise.resolve()
          },
          execute(...call) {
            const running = physical.execute(...call)
            if (late) void physical.cancel()
            late = false
            return running
          },
        })
      },
    },
  },
  {
    defect: 'a cancel does nothing',
    caughtBy: 'ruling 4: statement timeout',
    fault: { physical: (physical) => override(physical, { cancel: () => Promise.resolve() }) },
  },
  {
    defect: 'a connect that fails leaves its socket open',
    caughtBy: 'connect: failure',
    fault: {
      async openSession(open, options) {
        try {
          return await open(options)
        } catch (error) {
          await open({ deadline: noDeadline })
          throw error
        }
      },
    },
  },
  {
    defect: 'a connect that misses its deadline goes on',
    caughtBy: 'connect: deadline',
    fault: { openSession: (open) => open({ deadline: noDeadline }) },
  },
  {
    defect: 'a COMMIT that is answered with ROLLBACK resolves',
    caughtBy: 'ruling 9: commit answered with rollback',
    fault: {
      physical: (physical) =>
        override(physical, {
          async commit() {
            await physical.commit()
            return 'committed'
          },
        }),
    },
  },
  {
    defect: 'after a deadlock the rest of the transaction commits statement by statement',
    caughtBy: 'ruling 9: rolled back by the database',
    fault: { physical: withStatusOfItsOwn },
  },
  {
    defect: 'going back to a savepoint loses the work before it',
    caughtBy: 'TCK savePoint',
    fault: {
      physical: (physical) =>
        override(physical, {
          async rollback(savepoint) {
            await physical.rollback()
            if (savepoint === undefined) return
            await physical.begin({})
            await physical.savepoint(savepoint)
          },
        }),
    },
  },
  {
    defect: 'going back to a savepoint releases it',
    caughtBy: 'TCK savePoint',
    fault: {
      physical: (physical) =>
        override(physical, {
          async rollback(savepoint) {
            await physical.rollback(savepoint)
            if (savepoint !== undefined) await physical.release(savepoint)
          },
        }),
    },
  },
  {
    defect: 'a nested transaction that fails is kept',
    caughtBy: 'block: nested',
    fault: {
      physical: (physical) =>
        override(physical, {
          rollback: (savepoint) => (savepoint === undefined ? physical.rollback() : Promise.resolve()),
        }),
    },
  },
  {
    defect: 'the update count is the number of all rows touched so far',
    caughtBy: 'TCK segmentInsertEmitsUpdateCount',
    fault: {
      physical(physical) {
        let total = 0
        return override(physical, {
          async execute(statement, parameters) {
            const result = await physical.execute(statement, parameters)
            total += result.updateCount
            return { ...result, updateCount: total }
          },
        })
      },
    },
  },
  {
    defect: 'the generated keys are those of the insert before',
    caughtBy: 'TCK returnGeneratedValues',
    fault: {
      physical(physical) {
        let before: RawResult['generatedKeys']
        return override(physical, {
          async execute(statement, parameters) {
            const result = await physical.execute(statement, parameters)
            const generatedKeys = before ?? result.generatedKeys
            before = result.generatedKeys
            return { ...result, generatedKeys }
          },
        })
      },
    },
  },
  {
    defect: 'of several inserted rows only the last one tells its keys',
    caughtBy: 'generated keys: columns',
    fault: {
      physical: (physical) =>
        override(physical, {
          async execute(statement, parameters) {
            const result = await physical.execute(statement, parameters)
            const keys = result.generatedKeys
            return keys === undefined
              ? result
              : { ...result, generatedKeys: { ...keys, rows: keys.rows.slice(-1) } }
          },
        }),
    },
  },
  {
    defect: 'a reset leaves the state of the session',
    caughtBy: 'reset',
    fault: { physical: (physical) => override(physical, { reset: () => Promise.resolve() }) },
  },
  {
    defect: 'a failed reset is taken for a success',
    caughtBy: 'reset fails',
    fault: { physical: (physical) => override(physical, { reset: () => physical.reset().catch(() => {}) }) },
  },
  {
    defect: 'readOnly is not restored at close',
    caughtBy: 'close: restore',
    fault: {
      physical: (physical) =>
        override(physical, {
          async configure(changes) {
            if (changes.readOnly !== false) await physical.configure(changes)
          },
        }),
    },
  },
  {
    defect: 'a read-only transaction may write',
    caughtBy: 'block: read only',
    fault: {
      physical: (physical) => override(physical, { begin: ({ isolation }) => physical.begin({ isolation }) }),
    },
  },
  {
    defect: 'an isolation level that is missing is replaced by another',
    caughtBy: 'Go BeginTx',
    fault: {
      physical: (physical) =>
        override(physical, {
          begin: ({ readOnly }) => physical.begin({ readOnly }),
          configure: (changes) =>
            changes.isolation === undefined ? physical.configure(changes) : Promise.resolve(),
        }),
    },
  },
  {
    defect: 'a stream that is left early stays open',
    caughtBy: 'stream: left early',
    fault: {
      physical: (physical) =>
        override(physical, {
          stream: (...call) => override(physical.stream(...call), { close: () => Promise.resolve() }),
        }),
    },
  },
  {
    defect: 'a stream that is left early is read to its end',
    caughtBy: 'stream: left early, not read',
    fault: {
      physical: (physical) =>
        override(physical, {
          stream(...call) {
            const stream = physical.stream(...call)
            const close = async (): Promise<void> => {
              while (!(await stream.fetch()).done);
            }
            return override(stream, { close })
          },
        }),
    },
  },
  {
    defect: 'a stream loses the last row of each fetch',
    caughtBy: 'stream: all rows',
    fault: {
      physical: (physical) =>
        override(physical, {
          stream(statement, parameters, fetchSize) {
            const stream = physical.stream(statement, parameters, fetchSize)
            return override(stream, {
              async fetch() {
                const batch = await stream.fetch()
                return batch.done ? batch : { ...batch, rows: batch.rows.slice(0, -1) }
              },
            })
          },
        }),
    },
  },
  {
    defect: 'a batch goes on after a row that failed',
    caughtBy: 'batch: all or none',
    fault: {
      physical: (physical) =>
        override(physical, {
          async executeBatch(statement, rows) {
            const updateCounts: number[] = []
            let failure: SQLException | undefined
            for (const row of rows) {
              const { updateCounts: counts, error } = await physical.executeBatch(statement, [row])
              updateCounts.push(...counts)
              failure ??= error
            }
            return failure === undefined ? { updateCounts } : { updateCounts, error: failure }
          },
        }),
    },
  },
  {
    defect: 'an error message holds the values of the parameters',
    caughtBy: 'errors: no values',
    fault: {
      physical: (physical) =>
        override(physical, {
          async execute(statement, parameters) {
            try {
              return await physical.execute(statement, parameters)
            } catch (error) {
              throw Object.assign(error as Error, {
                message: `${(error as Error).message} (${parameters.map(String).join(', ')})`,
              })
            }
          },
        }),
    },
  },
  {
    defect: 'an error is thrown as the database gave it, not classified',
    caughtBy: 'errors',
    fault: {
      physical: (physical) =>
        override(physical, {
          async execute(statement, parameters) {
            try {
              return await physical.execute(statement, parameters)
            } catch (error) {
              throw new Error((error as Error).message, { cause: error })
            }
          },
        }),
    },
  },
  {
    defect: 'close leaves the session open on the server',
    caughtBy: 'P1',
    fault: {
      physical: (physical) => override(physical, { close: () => Promise.resolve(), destroy() {} }),
    },
  },
]

/** Remembers what it has begun, and does not listen to the server. */
function withStatusOfItsOwn(physical: PhysicalConnection): PhysicalConnection {
  let status: TransactionStatus = 'none'
  return override(physical, {
    get transactionStatus() {
      return status
    },
    async begin(options) {
      await physical.begin(options)
      status = 'open'
    },
    async commit() {
      status = 'none'
      return physical.transactionStatus === 'none' ? 'committed' : physical.commit()
    },
    async rollback(savepoint) {
      await physical.rollback(savepoint)
      if (savepoint === undefined) status = 'none'
    },
  })
}
