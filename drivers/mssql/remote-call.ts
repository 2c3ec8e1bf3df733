import { textValue, type WireValue } from './wire-types.ts'

/** RPC in the header of a packet. */
export const remoteCall = 3

/** sp_executesql, by its number, without flags. */
const executeSql = Buffer.of(0xff, 0xff, 10, 0, 0, 0)
/** A parameter without a name and flags. */
const byPlace = Buffer.of(0, 0)
/** All of them: a transaction descriptor, and how many requests are outstanding, which is one. */
const headersLength = 22

/**
 * Messages that run a statement with parameters, each in one piece: what of it is the same at the next run is kept,
 * for the texts that were used last.
 */
export class RemoteCalls {
  readonly #capacity: number
  readonly #heads = new Map<string, Buffer>()
  #collation: Buffer | undefined

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** @param transaction The descriptor of the transaction that it belongs to; zeros for none. */
  messageFor(sql: string, values: readonly WireValue[], transaction: Buffer, collation: Buffer): Buffer {
    const parts = [headersOf(transaction), this.#headFor(sql, values, collation)]
    for (const [at, { type, value }] of values.entries()) parts.push(nameOf(at), type, value)
    return Buffer.concat(parts)
  }

  /** The procedure, the statement, and the declarations of its parameters. */
  #headFor(sql: string, values: readonly WireValue[], collation: Buffer): Buffer {
    if (this.#collation !== collation) {
      // It is a part of what is kept.
      this.#heads.clear()
      this.#collation = collation
    }
    let declarations = ''
    for (let at = 0; at < values.length; at++) {
      declarations += `${at === 0 ? '' : ', '}@p${at + 1} ${values[at]!.declaration}`
    }
    const key = `${declarations}\0${sql}`
    let head = this.#heads.get(key)
    if (head === undefined) head = headOf(sql, declarations, collation)
    else this.#heads.delete(key)
    if (this.#capacity === 0) return head
    this.#heads.set(key, head)
    if (this.#heads.size > this.#capacity) this.#heads.delete(this.#heads.keys().next().value!)
    return head
  }
}

function headOf(sql: string, declarations: string, collation: Buffer): Buffer {
  const parts: Buffer[] = [executeSql]
  for (const text of [sql, declarations]) {
    const { type, value } = textValue(text, collation)
    parts.push(byPlace, type, value)
  }
  return Buffer.concat(parts)
}

/** [MS-TDS] 2.2.5.3. */
function headersOf(transaction: Buffer): Buffer {
  const headers = Buffer.allocUnsafe(headersLength)
  headers.writeUInt32LE(headersLength, 0)
  headers.writeUInt32LE(headersLength - 4, 4)
  headers.writeUInt16LE(2, 8)
  transaction.copy(headers, 10)
  headers.writeUInt32LE(1, 18)
  return headers
}

const names: Buffer[] = []

/** The name of a parameter, and no flags. */
function nameOf(at: number): Buffer {
  return (names[at] ??= named(`@p${at + 1}`))
}

function named(name: string): Buffer {
  return Buffer.concat([Buffer.of(name.length), Buffer.from(name, 'utf16le'), Buffer.of(0)])
}
