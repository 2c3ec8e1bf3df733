import { param, decimal, type ParameterValue } from '../api/sql-types.ts'

/**
 * A parameter of the command line. Without types it is a text, exactly as it was written, and the database makes of it
 * what the statement wants: nothing is guessed, and `04103` stays a postal code. With types it is a JSON value, whose
 * digits are kept; what is no JSON is a text.
 */
export function readParameter(text: string, typed: boolean): ParameterValue {
  if (!typed) return text
  // A number of JavaScript would lose digits.
  if (/^-?\d+$/.test(text)) return exactInteger(text)
  if (/^-?\d+\.\d+$/.test(text)) return decimal(text)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return text
  }
  return typeof value === 'object' && value !== null ? param(text, 'JSON') : (value as ParameterValue)
}

function exactInteger(text: string): ParameterValue {
  const number = Number(text)
  if (Number.isSafeInteger(number)) return number
  const integer = BigInt(text)
  return BigInt.asIntN(64, integer) === integer ? integer : decimal(text)
}
