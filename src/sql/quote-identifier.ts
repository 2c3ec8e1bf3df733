import type { Dialect } from './dialect.ts'

/** A name as the dialect quotes it. */
export function quoteIdentifier(name: string, { identifierQuote: [open, close] }: Dialect): string {
  return open + name.replaceAll(close, close + close) + close
}
