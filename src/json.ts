/** Results as JSON: what `JSON.stringify` refuses or mangles, written so that nothing is lost. */
import type { SqlValue } from './api/sql-types.ts'

/** A value that JSON can write. */
export type JSONValue =
  string | number | boolean | null | readonly JSONValue[] | { readonly [key: string]: JSONValue }

/**
 * For `JSON.stringify(rows, replacer)`, or `app.set('json replacer', replacer)`: a `bigint` becomes a string of its
 * digits, as Protocol Buffers write 64-bit integers, and binary becomes base64 (RFC 4648, section 4). Whether a number
 * is one depends on its column, never on its size.
 */
export function replacer(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return base64(value)
  return value
}

/** Rows, a row or a value that `JSON.stringify` and `res.json` take: as by {@link replacer}. The original stays. */
export function toJSON(value: unknown): JSONValue {
  const replaced = replacer('', value)
  if (replaced === null || typeof replaced !== 'object') return replaced as JSONValue
  if (Array.isArray(replaced)) return replaced.map(toJSON)
  if (replaced instanceof Date) return replaced.toJSON()
  const entries = Object.entries(replaced as Record<string, SqlValue>)
  return Object.fromEntries(entries.map(([name, field]) => [name, toJSON(field)]))
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
