import type { ByteReader } from './bytes.ts'
import { unknown } from './errors.ts'
import { readTypeInfo, type TdsType } from './types.ts'
import { readValue } from './values.ts'

/** What the client says of its transaction with each request: [MS-TDS] 2.2.5.3. */
export interface RequestHeaders {
  readonly transaction: bigint
}

export function readHeaders(reader: ByteReader): RequestHeaders {
  const end = reader.at + reader.uint32()
  let transaction = 0n
  while (reader.at < end) {
    const headerEnd = reader.at + reader.uint32()
    if (reader.uint16() === 2) transaction = reader.uint64()
    reader.bytes(headerEnd - reader.at)
  }
  return { transaction }
}

export interface RpcParameter {
  /** With its `@`; empty, it goes by its place. */
  readonly name: string
  readonly isOutput: boolean
  readonly isDefault: boolean
  readonly type: TdsType
  readonly value: string | null
}

export interface RpcRequest {
  /** In small letters, without its schema. */
  readonly procedure: string
  readonly parameters: readonly RpcParameter[]
}

/** The procedures that have a number. */
const numbered: ReadonlyMap<number, string> = new Map([
  [10, 'sp_executesql'],
  [11, 'sp_prepare'],
  [12, 'sp_execute'],
  [13, 'sp_prepexec'],
  [15, 'sp_unprepare'],
])

const statusBits = { output: 1, default: 2 }

/** Behind the headers: [MS-TDS] 2.2.6.6. */
export function readRpc(reader: ByteReader): RpcRequest {
  const length = reader.uint16()
  const procedure = length === 0xffff ? procedureOf(reader.uint16()) : reader.text(length)
  reader.uint16() // flags, which ask for nothing that is done differently
  const parameters: RpcParameter[] = []
  while (reader.left > 0) parameters.push(readParameter(reader))
  return { procedure: procedure.replace(/^(?:.*\.)?/, '').toLowerCase(), parameters }
}

function readParameter(reader: ByteReader): RpcParameter {
  const nameLength = reader.uint8()
  if (nameLength === 0xff) throw unknown('several procedures in one message')
  const name = reader.text(nameLength)
  const status = reader.uint8()
  const { type, isFixed } = readTypeInfo(reader)
  return {
    name,
    isOutput: (status & statusBits.output) !== 0,
    isDefault: (status & statusBits.default) !== 0,
    type,
    value: readValue(reader, type, isFixed),
  }
}

function procedureOf(id: number): string {
  const name = numbered.get(id)
  if (name === undefined) throw unknown(`the procedure with the number ${id}`)
  return name
}

export const transactionRequest = { begin: 5, commit: 7, rollback: 8, save: 9 } as const

export interface TransactionRequest {
  readonly type: number
  /** 0: as the session has it. */
  readonly isolation: number
  readonly name: string
  /** After a COMMIT or ROLLBACK: another one begins at once, with this level. */
  readonly next: number | undefined
}

/** Behind the headers: [MS-TDS] 2.2.6.9. */
export function readTransactionRequest(reader: ByteReader): TransactionRequest {
  const type = reader.uint16()
  const name = (): string => reader.bytes(reader.uint8()).toString('utf16le')
  switch (type) {
    case transactionRequest.begin: {
      const isolation = reader.uint8()
      return { type, isolation, name: name(), next: undefined }
    }
    case transactionRequest.commit:
    case transactionRequest.rollback: {
      const given = name()
      const begins = reader.uint8() === 1
      return { type, isolation: 0, name: given, next: begins ? reader.uint8() : undefined }
    }
    case transactionRequest.save:
      return { type, isolation: 0, name: name(), next: undefined }
    default:
      throw unknown(`the transaction manager's request ${type}`)
  }
}
