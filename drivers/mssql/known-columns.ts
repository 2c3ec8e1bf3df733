import type { ColumnMetadata } from '../../src/api/result.ts'
import { metadataOf } from './column-types.ts'
import type { TediousColumn } from './tedious-module.ts'

/**
 * The columns of results, the same list for the same columns of the same text: what is made of a list is kept by it.
 */
export class KnownColumns {
  readonly #capacity: number
  readonly #known = new Map<
    string,
    { readonly described: readonly TediousColumn[]; readonly columns: readonly ColumnMetadata[] }
  >()

  /** @param capacity How many texts are known. */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  of(sql: string, described: readonly TediousColumn[]): readonly ColumnMetadata[] {
    const known = this.#known.get(sql)
    if (known !== undefined && areSame(known.described, described)) return known.columns
    const columns = Object.freeze(described.map(metadataOf))
    this.#known.delete(sql)
    if (this.#capacity > 0) this.#known.set(sql, { described, columns })
    if (this.#known.size > this.#capacity) this.#known.delete(this.#known.keys().next().value!)
    return columns
  }
}

function areSame(some: readonly TediousColumn[], others: readonly TediousColumn[]): boolean {
  return (
    some.length === others.length &&
    some.every((one, at) => {
      const other = others[at]!
      return (
        one.colName === other.colName &&
        one.type === other.type &&
        one.dataLength === other.dataLength &&
        one.udtInfo?.typeName === other.udtInfo?.typeName
      )
    })
  )
}
