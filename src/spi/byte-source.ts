import { SQLDataException, SQLNonTransientException } from '../api/sql-exception.ts'
import { kindOf } from '../sql/native-sql.ts'

/** Data that an application hands over, cut anywhere: bytes, or text, which is sent as UTF-8. */
export type ByteSource = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>

/** So many bytes are gathered before they are sent: a source may give a row at a time. */
const portionSize = 64 * 1024

/**
 * What a source gives, in portions worth sending. Ends with what the source throws.
 *
 * @param what It is for, in messages.
 * @throws SQLNonTransientException HY009 for a chunk that is neither text nor bytes.
 * @throws SQLDataException 22021 for half a surrogate pair.
 */
export async function* portions(source: ByteSource, what: string): AsyncGenerator<Buffer> {
  let parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    const bytes = bytesOf(chunk, what)
    parts.push(bytes)
    size += bytes.length
    if (size < portionSize) continue
    yield Buffer.concat(parts, size)
    parts = []
    size = 0
  }
  if (size > 0) yield Buffer.concat(parts, size)
}

/** Gives up a source that nobody reads to its end. */
export function releaseSource(source: ByteSource): void {
  const { destroy } = source as { readonly destroy?: unknown }
  // Others are left by the loop that reads them.
  if (typeof destroy === 'function') destroy.call(source)
}

function bytesOf(chunk: unknown, what: string): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  if (typeof chunk !== 'string') {
    throw new SQLNonTransientException(`A chunk for ${what} is ${kindOf(chunk)}, neither text nor bytes`, {
      sqlState: 'HY009',
      reason: 'parameter',
    })
  }
  if (chunk.isWellFormed()) return Buffer.from(chunk)
  throw new SQLDataException(`A chunk for ${what} holds half a surrogate pair`, {
    sqlState: '22021',
    reason: 'data',
  })
}
