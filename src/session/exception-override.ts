import { inspect } from 'node:util'
import type { ExceptionOverride, ExceptionVerdict } from '../api/exception-override.ts'
import {
  BatchUpdateException,
  type SQLException,
  type SQLExceptionDetails,
  type SQLRetry,
} from '../api/sql-exception.ts'
import { toSQLException } from './session-errors.ts'

/** What an error means for this data source. Everything that a driver rejects with passes one, once. */
export type Judge = (error: unknown) => SQLException

/** The judge of a data source: its driver's word, unless the setting `exceptionOverride` says otherwise. */
export function judgeBy(override: ExceptionOverride | undefined, dataSourceName: string): Judge {
  return override === undefined ? toSQLException : overruling(override, dataSourceName)
}

function overruling(override: ExceptionOverride, dataSourceName: string): Judge {
  let reported = false
  const judge = (error: SQLException): SQLException => {
    if (error instanceof BatchUpdateException) {
      // The row's error is the driver's; around it there is only where it was.
      const cause = judge(error.cause as SQLException)
      return cause === error.cause ? error : new BatchUpdateException(error.index, error.updateCounts, cause)
    }
    try {
      const verdict = checked(override(error))
      return verdict === undefined ? error : overruled(error, verdict)
    } catch (fault) {
      if (!reported) report(dataSourceName, fault)
      reported = true
      return error
    }
  }
  return (error) => judge(toSQLException(error))
}

const retries: Readonly<Record<SQLRetry, true>> = {
  no: true,
  statement: true,
  transaction: true,
  connect: true,
  caller: true,
  'unknown-outcome': true,
}

/** @throws TypeError when it is no verdict: types do not hold everybody. */
function checked(verdict: unknown): ExceptionVerdict | undefined {
  if (verdict === undefined) return undefined
  if (verdict instanceof Promise) {
    verdict.catch(() => {})
    throw new TypeError('It gave a promise; it has to answer at once')
  }
  if (typeof verdict !== 'object' || verdict === null) throw new TypeError(`It gave ${typeof verdict}`)
  const { fatal, retry, reason } = verdict as Readonly<Record<keyof ExceptionVerdict, unknown>>
  if (fatal !== undefined && typeof fatal !== 'boolean') throw new TypeError('Its fatal is no boolean')
  if (retry !== undefined && !(typeof retry === 'string' && Object.hasOwn(retries, retry))) {
    throw new TypeError('Its retry is none of the words')
  }
  if (reason !== undefined && typeof reason !== 'string') throw new TypeError('Its reason is no text')
  return verdict
}

/** Another exception of the same class: the driver may use its own for others too. */
function overruled(error: SQLException, verdict: ExceptionVerdict): SQLException {
  const lost = error.fatal && error.reason === 'connection-lost'
  const { sqlState, errorCode, cause } = error
  const details = {
    sqlState,
    errorCode,
    cause,
    reason: verdict.reason ?? error.reason,
    retry: verdict.retry ?? error.retry,
    fatal: lost || (verdict.fatal ?? error.fatal),
  }
  const { reason, retry, fatal } = details
  if (reason === error.reason && retry === error.retry && fatal === error.fatal) return error
  const sameClass = error.constructor as new (message: string, details: SQLExceptionDetails) => SQLException
  const changed = new sameClass(error.message, details)
  if (error.stack !== undefined) changed.stack = error.stack
  return changed
}

function report(dataSourceName: string, fault: unknown): void {
  process.emitWarning(`${dataSourceName}: exceptionOverride failed; the error passes as the driver gave it`, {
    type: 'WellheadWarning',
    code: 'WELLHEAD_EXCEPTION_OVERRIDE',
    detail: fault instanceof Error ? (fault.stack ?? fault.message) : inspect(fault),
  })
}
