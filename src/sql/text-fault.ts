import {
  type SQLException,
  SQLFeatureNotSupportedException,
  SQLSyntaxErrorException,
} from '../api/sql-exception.ts'

/** Where in a text an error lies. The errors of `nativeSQL` and of compiling carry it. */
export interface TextFault {
  /** Index into the text, from 0, in UTF-16 units: `text.slice(position)` begins there. */
  readonly position: number
  /** From 1; lines end with LF. */
  readonly line: number
  /** From 1, in UTF-16 units. */
  readonly column: number
}

/** 42601 at a place. The message names it; `what` is a sentence without a full stop, `%` in it stands for the place. */
export function syntaxError(
  what: string,
  text: string,
  position: number,
): SQLSyntaxErrorException & TextFault {
  return located(what, text, position, (message) => {
    return new SQLSyntaxErrorException(message, { sqlState: '42601', reason: 'syntax' })
  })
}

/** 0A000 at a place. */
export function notSupported(
  what: string,
  text: string,
  position: number,
): SQLFeatureNotSupportedException & TextFault {
  return located(what, text, position, (message) => {
    return new SQLFeatureNotSupportedException(message, { sqlState: '0A000', reason: 'feature' })
  })
}

/** 54001 at a place: nested too deep, or its translation too long. */
export function tooComplex(
  what: string,
  text: string,
  position: number,
): SQLSyntaxErrorException & TextFault {
  return located(what, text, position, (message) => {
    return new SQLSyntaxErrorException(message, { sqlState: '54001', reason: 'limit' })
  })
}

function located<E extends SQLException>(
  what: string,
  text: string,
  position: number,
  create: (message: string) => E,
): E & TextFault {
  const fault = locate(text, position)
  const place = `at line ${fault.line}, column ${fault.column}`
  const message = what.includes('%') ? what.replace('%', () => place) : `${what} ${place}`
  return Object.assign(create(message), fault)
}

function locate(text: string, position: number): TextFault {
  const before = text.slice(0, position)
  return { position, line: before.split('\n').length, column: position - before.lastIndexOf('\n') }
}
