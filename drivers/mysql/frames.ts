// What a client sends: a command byte, then its content, in packets of at most 16 MB with a number each
// (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html).

/** The commands that are used. */
const codes = {
  quit: 0x01,
  initDatabase: 0x02,
  query: 0x03,
  ping: 0x0e,
  prepare: 0x16,
  execute: 0x17,
  closeStatement: 0x19,
  setOption: 0x1b,
  reset: 0x1f,
} as const

const longestPacket = 0xff_ff_ff
/** Of a file, below what any server takes unless it was told otherwise (max_allowed_packet). */
const filePacket = 64 * 1024

/** Packets ready to be written, and how many there are: the answer goes on counting. */
export interface Frames {
  readonly bytes: Buffer
  readonly count: number
}

/** Answered by the end of the connection. */
export const goodbye: Buffer = commandFrames(codes.quit).bytes
export const pingFrames: Frames = commandFrames(codes.ping)
export const resetFrames: Frames = commandFrames(codes.reset)
/** Whether one text may hold several statements. */
export const severalStatementsFrames: Frames = commandFrames(codes.setOption, Buffer.of(0, 0))
export const oneStatementFrames: Frames = commandFrames(codes.setOption, Buffer.of(1, 0))

export function queryFrames(sql: string): Frames {
  return textFrames(codes.query, sql)
}

export function initDatabaseFrames(name: string): Frames {
  return textFrames(codes.initDatabase, name)
}

export function prepareFrames(sql: string): Frames {
  return textFrames(codes.prepare, sql)
}

/** It is not answered. */
export function closeStatementBytes(id: number): Buffer {
  const bytes = Buffer.allocUnsafe(9)
  bytes.writeUInt32LE(5, 0)
  bytes[4] = codes.closeStatement
  bytes.writeUInt32LE(id, 5)
  return bytes
}

/** Room for an execution with so many bytes behind its head. */
export function executePayload(id: number, length: number): { bytes: Buffer; offset: number } {
  const bytes = Buffer.allocUnsafe(4 + 10 + length)
  bytes[4] = codes.execute
  bytes.writeUInt32LE(id, 5)
  bytes[9] = 0 // no cursor
  bytes.writeUInt32LE(1, 10)
  return { bytes, offset: 14 }
}

/** Gives a payload with four free bytes before it its head, and divides one that is too long. */
export function framed(bytes: Buffer): Frames {
  const length = bytes.length - 4
  if (length < longestPacket) {
    bytes.writeUInt32LE(length, 0)
    return { bytes, count: 1 }
  }
  const parts: Buffer[] = []
  let at = 4
  // A packet of the longest is followed by another, which may be empty.
  for (let left = length; ; left -= longestPacket) {
    const part = Math.min(left, longestPacket)
    const head = Buffer.allocUnsafe(4)
    head.writeUIntLE(part, 0, 3)
    head[3] = parts.length / 2
    parts.push(head, bytes.subarray(at, at + part))
    at += part
    if (part < longestPacket) break
  }
  return { bytes: Buffer.concat(parts), count: parts.length / 2 }
}

/**
 * Some of a file that the server has asked for. A packet without content is its end.
 *
 * @param sequenceId Of the first packet: they go on counting.
 */
export function fileFrames(content: Uint8Array, sequenceId: number): Frames {
  const parts: Uint8Array[] = []
  let at = 0
  do {
    const part = content.subarray(at, at + filePacket)
    const head = Buffer.allocUnsafe(4)
    head.writeUIntLE(part.length, 0, 3)
    head[3] = (sequenceId + parts.length / 2) % 256
    parts.push(head, part)
    at += filePacket
  } while (at < content.length)
  return { bytes: Buffer.concat(parts), count: parts.length / 2 }
}

function commandFrames(code: number, content: Uint8Array = Buffer.alloc(0)): Frames {
  const bytes = Buffer.alloc(5 + content.length)
  bytes[4] = code
  bytes.set(content, 5)
  return framed(bytes)
}

function textFrames(code: number, text: string): Frames {
  const bytes = Buffer.allocUnsafe(5 + Buffer.byteLength(text))
  bytes[4] = code
  bytes.write(text, 5)
  return framed(bytes)
}
