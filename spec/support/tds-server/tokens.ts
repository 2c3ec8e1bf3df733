import type { ByteWriter } from './bytes.ts'
import { writeTypeInfo, type TdsType } from './types.ts'
import { writeValue } from './values.ts'

// [MS-TDS] 2.2.7, for TDS 7.4: row counts have 64 bits, user types 32.

export const doneStatus = {
  more: 0x01,
  error: 0x02,
  inTransaction: 0x04,
  count: 0x10,
  attention: 0x20,
} as const

export const command = {
  select: 0xc1,
  insert: 0xc3,
  delete: 0xc4,
  update: 0xc5,
  execute: 0xe0,
  other: 0,
} as const

export const doneToken = { batch: 0xfd, procedure: 0xfe, inProcedure: 0xff } as const

export interface Done {
  readonly token?: (typeof doneToken)[keyof typeof doneToken]
  readonly status?: number
  readonly command?: number
  readonly count?: bigint
}

export function writeDone(writer: ByteWriter, { token = doneToken.batch, ...done }: Done): void {
  writer
    .uint8(token)
    .uint16(done.status ?? 0)
    .uint16(done.command ?? 0)
  writer.uint64(done.count ?? 0n)
}

export interface ServerMessage {
  readonly number: number
  readonly state: number
  readonly severity: number
  readonly text: string
  readonly server: string
  readonly procedure: string
  readonly line: number
}

/** ERROR, or INFO up to severity 10. */
export function writeMessage(writer: ByteWriter, message: ServerMessage): void {
  const { number, state, severity, text, server, procedure, line } = message
  const length = 4 + 1 + 1 + 2 + 2 * text.length + 1 + 2 * server.length + 1 + 2 * procedure.length + 4
  writer.uint8(severity > 10 ? 0xaa : 0xab).uint16(length)
  writer.int32(number).uint8(state, severity).longText(text).shortText(server).shortText(procedure)
  writer.uint32(line)
}

export const environment = {
  database: 1,
  language: 2,
  packetSize: 4,
  collation: 7,
  begin: 8,
  commit: 9,
  rollback: 10,
  reset: 18,
} as const

/** A text has its length in characters, bytes in bytes. */
export function writeEnvironment(
  writer: ByteWriter,
  type: number,
  now: string | Uint8Array,
  before: string | Uint8Array,
): void {
  const size = (value: string | Uint8Array): number =>
    1 + (typeof value === 'string' ? 2 * value.length : value.length)
  writer
    .uint8(0xe3)
    .uint16(1 + size(now) + size(before))
    .uint8(type)
  for (const value of [now, before]) {
    if (typeof value === 'string') writer.shortText(value)
    else writer.uint8(value.length).bytes(value)
  }
}

export interface LoginAck {
  /** As it stands on the wire. */
  readonly tdsVersion: number
  readonly program: string
  readonly version: readonly [number, number, number, number]
}

export function writeLoginAck(writer: ByteWriter, { tdsVersion, program, version }: LoginAck): void {
  writer
    .uint8(0xad)
    .uint16(1 + 4 + 1 + 2 * program.length + 4)
    .uint8(1)
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(tdsVersion)
  writer
    .bytes(bytes)
    .shortText(program)
    .uint8(...version)
}

/** That the token of a client was taken: [MS-TDS] 2.2.7.11. */
export function writeFederatedLoginAck(writer: ByteWriter): void {
  writer.uint8(0xae, 0x02).uint32(0).uint8(0xff)
}

export interface TdsColumn {
  readonly name: string
  readonly type: TdsType
  /** See {@link columnFlag}. */
  readonly flags: number
}

export const columnFlag = { nullable: 0x01, updatable: 0x08, identity: 0x10, computed: 0x20 } as const

export function writeColumns(writer: ByteWriter, columns: readonly TdsColumn[]): void {
  writer.uint8(0x81).uint16(columns.length)
  for (const { name, type, flags } of columns) {
    writer.uint32(0).uint16(flags)
    writeTypeInfo(writer, type)
    writer.shortText(name)
  }
}

type Row = readonly (string | null)[]

/** NBCROW where it is the shorter one: where a value is NULL. */
export function writeRow(writer: ByteWriter, columns: readonly TdsColumn[], row: Row): void {
  const isSparse = row.includes(null)
  writer.uint8(isSparse ? 0xd2 : 0xd1)
  if (isSparse) {
    const bits = Buffer.alloc(Math.ceil(row.length / 8))
    row.forEach((value, at) => (bits[at >> 3]! |= value === null ? 1 << (at & 7) : 0))
    writer.bytes(bits)
  }
  row.forEach((value, at) => {
    if (value !== null) writeValue(writer, columns[at]!.type, value)
  })
}

/** The columns that the rows are ordered by, from 1. */
export function writeOrder(writer: ByteWriter, columns: readonly number[]): void {
  writer.uint8(0xa9).uint16(2 * columns.length)
  for (const column of columns) writer.uint16(column)
}

export function writeReturnStatus(writer: ByteWriter, value: number): void {
  writer.uint8(0x79).int32(value)
}

export interface ReturnValue {
  readonly ordinal: number
  readonly name: string
  readonly type: TdsType
  readonly value: string | null
}

export function writeReturnValue(writer: ByteWriter, { ordinal, name, type, value }: ReturnValue): void {
  writer.uint8(0xac).uint16(ordinal).shortText(name).uint8(1).uint32(0).uint16(columnFlag.nullable)
  writeTypeInfo(writer, type)
  writeValue(writer, type, value)
}
