/** What a parameter becomes on the wire: text, bytes in binary form, NULL. */
export type WireValue = string | Uint8Array | null

const slabSize = 32 * 1024
/** Up to here room is made for the longest encoding; beyond it the text is measured first. */
const longText = 4_096

/**
 * Writes messages of the frontend, one behind the other, into memory that all connections share
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html). Whoever writes takes the bytes in the same
 * turn, by `take()`.
 */
class FrontendMessages {
  #slab = Buffer.allocUnsafeSlow(slabSize)
  #start = 0
  #end = 0

  parse(name: string, sql: string, types: readonly number[]): this {
    const message = this.#begin('P')
    this.#cstring(name)
    this.#cstring(sql)
    this.#reserve(2 + types.length * 4)
    this.#int16(types.length)
    for (const type of types) this.#int32(type)
    return this.#finish(message)
  }

  /** Into the unnamed portal; all columns as text. */
  bind(statement: string, values: readonly WireValue[]): this {
    const message = this.#begin('B')
    this.#cstring('')
    this.#cstring(statement)
    const count = values.length
    this.#reserve(4 + count * 2)
    if (values.some(isBinary)) {
      this.#int16(count)
      for (const value of values) this.#int16(isBinary(value) ? 1 : 0)
    } else {
      this.#int16(0)
    }
    this.#int16(count)
    for (const value of values) this.#value(value)
    this.#reserve(2)
    this.#int16(0)
    return this.#finish(message)
  }

  describe(what: 'S' | 'P', name: string): this {
    const message = this.#begin('D')
    this.#cstring(what + name)
    return this.#finish(message)
  }

  /** @param maxRows 0 for all. */
  execute(maxRows: number): this {
    const message = this.#begin('E')
    this.#cstring('')
    this.#reserve(4)
    this.#int32(maxRows)
    return this.#finish(message)
  }

  close(what: 'S' | 'P', name: string): this {
    const message = this.#begin('C')
    this.#cstring(what + name)
    return this.#finish(message)
  }

  sync(): this {
    return this.#finish(this.#begin('S'))
  }

  flush(): this {
    return this.#finish(this.#begin('H'))
  }

  /** Simple query. */
  query(text: string): this {
    const message = this.#begin('Q')
    this.#cstring(text)
    return this.#finish(message)
  }

  /** The bytes written since the last call. They are not written to again. */
  take(): Buffer {
    const bytes = this.#slab.subarray(this.#start, this.#end)
    this.#start = this.#end
    return bytes
  }

  #begin(code: string): number {
    this.#reserve(5)
    this.#slab[this.#end] = code.charCodeAt(0)
    this.#end += 5
    // Relative, since the memory may move.
    return this.#end - 4 - this.#start
  }

  #finish(message: number): this {
    const at = this.#start + message
    this.#slab.writeInt32BE(this.#end - at, at)
    return this
  }

  #value(value: WireValue): void {
    if (value === null) {
      this.#reserve(4)
      this.#int32(-1)
    } else if (typeof value === 'string') {
      this.#reserve(4 + roomFor(value))
      const length = this.#slab.write(value, this.#end + 4, 'utf8')
      this.#int32(length)
      this.#end += length
    } else {
      this.#reserve(4 + value.length)
      this.#int32(value.length)
      this.#slab.set(value, this.#end)
      this.#end += value.length
    }
  }

  #cstring(text: string): void {
    this.#reserve(roomFor(text) + 1)
    this.#end += this.#slab.write(text, this.#end, 'utf8')
    this.#slab[this.#end++] = 0
  }

  #int16(value: number): void {
    this.#slab[this.#end++] = value >>> 8
    this.#slab[this.#end++] = value
  }

  #int32(value: number): void {
    this.#slab[this.#end++] = value >>> 24
    this.#slab[this.#end++] = value >>> 16
    this.#slab[this.#end++] = value >>> 8
    this.#slab[this.#end++] = value
  }

  #reserve(size: number): void {
    if (this.#end + size <= this.#slab.length) return
    const begun = this.#end - this.#start
    // Where there is no memory for it, the message is dropped: nobody is to send its beginning.
    this.#end = this.#start
    const larger = Buffer.allocUnsafeSlow(Math.max(slabSize, 2 * begun + size))
    this.#slab.copy(larger, 0, this.#start, this.#start + begun)
    this.#slab = larger
    this.#start = 0
    this.#end = begun
  }
}

/** One for all connections: nothing is left in it between two turns. */
export const frontend = new FrontendMessages()

function isBinary(value: WireValue): boolean {
  return value !== null && typeof value !== 'string'
}

function roomFor(text: string): number {
  return text.length <= longText ? text.length * 3 : Buffer.byteLength(text)
}
