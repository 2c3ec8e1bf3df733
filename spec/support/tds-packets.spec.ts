import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from './tds-server/bytes.ts'
import { readLogin7 } from './tds-server/login.ts'
import { MessageReader, MessageWriter, packetStatus, packetType, wholeMessage } from './tds-server/packets.ts'
import { encryption, readPrelogin, writePrelogin } from './tds-server/prelogin.ts'
import { readHeaders, readRpc, readTransactionRequest } from './tds-server/requests.ts'
import {
  columnFlag,
  command,
  doneStatus,
  doneToken,
  environment,
  writeColumns,
  writeDone,
  writeEnvironment,
  writeLoginAck,
  writeMessage,
  writeReturnStatus,
  writeRow,
  type ServerMessage,
} from './tds-server/tokens.ts'
import { collation, readTypeInfo, writeTypeInfo, type TdsType } from './tds-server/types.ts'
import { readValue, writeValue } from './tds-server/values.ts'

// The bytes of the examples in [MS-TDS], section 4.
const examples = {
  prelogin: `12 01 00 2F 00 00 01 00 00 00 1A 00 06 01 00 20 00 01 02 00 21 00 01 03 00 22 00 04 04 00 26 00
    01 FF 09 00 00 00 00 00 01 00 B8 0D 00 00 01`,
  login: `10 01 00 90 00 00 01 00 88 00 00 00 02 00 09 72 00 10 00 00 00 00 00 07 00 01 00 00 00 00 00 00
    E0 03 00 00 00 00 00 00 09 04 00 00 5E 00 08 00 6E 00 02 00 72 00 00 00 72 00 07 00 80 00 00 00
    80 00 00 00 80 00 04 00 88 00 00 00 88 00 00 00 00 50 8B E2 B7 8F 88 00 00 00 88 00 00 00 88 00
    00 00 00 00 00 00 73 00 6B 00 6F 00 73 00 74 00 6F 00 76 00 31 00 73 00 61 00 4F 00 53 00 51 00
    4C 00 2D 00 33 00 32 00 4F 00 44 00 42 00 43 00`,
  loginResponse: `04 01 01 61 00 00 01 00 E3 1B 00 01 06 6D 00 61 00 73 00 74 00 65 00 72 00 06 6D 00 61 00 73 00
    74 00 65 00 72 00 AB 58 00 45 16 00 00 02 00 25 00 43 00 68 00 61 00 6E 00 67 00 65 00 64 00 20
    00 64 00 61 00 74 00 61 00 62 00 61 00 73 00 65 00 20 00 63 00 6F 00 6E 00 74 00 65 00 78 00 74
    00 20 00 74 00 6F 00 20 00 27 00 6D 00 61 00 73 00 74 00 65 00 72 00 27 00 2E 00 00 00 00 00 00
    00 E3 08 00 07 05 09 04 D0 00 34 00 E3 17 00 02 0A 75 00 73 00 5F 00 65 00 6E 00 67 00 6C 00 69
    00 73 00 68 00 00 E3 13 00 04 04 34 00 30 00 39 00 36 00 04 34 00 30 00 39 00 36 00 AB 5C 00 47
    16 00 00 01 00 27 00 43 00 68 00 61 00 6E 00 67 00 65 00 64 00 20 00 6C 00 61 00 6E 00 67 00 75
    00 61 00 67 00 65 00 20 00 73 00 65 00 74 00 74 00 69 00 6E 00 67 00 20 00 74 00 6F 00 20 00 75
    00 73 00 5F 00 65 00 6E 00 67 00 6C 00 69 00 73 00 68 00 2E 00 00 00 00 00 00 00 AD 36 00 01 72
    09 00 02 16 4D 00 69 00 63 00 72 00 6F 00 73 00 6F 00 66 00 74 00 20 00 53 00 51 00 4C 00 20 00
    53 00 65 00 72 00 76 00 65 00 72 00 00 00 00 00 00 00 00 00 FD 00 00 00 00 00 00 00 00 00 00 00
    00`,
  batch: `01 01 00 5C 00 00 01 00 16 00 00 00 12 00 00 00 02 00 00 00 00 00 00 00 00 01 00 00 00 00 0A 00
    73 00 65 00 6C 00 65 00 63 00 74 00 20 00 27 00 66 00 6F 00 6F 00 27 00 20 00 61 00 73 00 20 00
    27 00 62 00 61 00 72 00 27 00 0A 00 20 00 20 00 20 00 20 00 20 00 20 00 20 00 20 00`,
  batchResponse: `04 01 00 33 00 00 01 00 81 01 00 00 00 00 00 20 00 A7 03 00 09 04 D0 00 34 03 62 00 61 00 72 00
    D1 03 00 66 6F 6F FD 10 00 C1 00 01 00 00 00 00 00 00 00`,
  rpc: `03 01 00 2F 00 00 01 00 16 00 00 00 12 00 00 00 02 00 00 00 00 00 00 00 00 01 00 00 00 00 04 00
    66 00 6F 00 6F 00 33 00 00 00 00 02 26 02 00`,
  rpcResponse: `04 01 00 27 00 00 01 00 FF 11 00 C1 00 01 00 00 00 00 00 00 00 79 00 00 00 00 FE 00 00 E0 00 00
    00 00 00 00 00 00 00`,
  attention: '06 01 00 08 00 00 01 00',
}

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex')
const only = (hex: string): Buffer => {
  const messages = new MessageReader().read(bytesOf(hex))
  expect(messages.length).toBe(1)
  return messages[0]!.data
}
const response = { type: packetType.response, packetSize: 4_096, spid: 0 }
const written = (write: (writer: ByteWriter) => void): Buffer => {
  const writer = new ByteWriter()
  write(writer)
  return writer.take()
}

describe('The examples of [MS-TDS]', () => {
  it('4.1: pre-login', () => {
    const content = { version: [9, 0, 0], encryption: encryption.on, threadId: 3_512, mars: true } as const
    expect(readPrelogin(only(examples.prelogin))).toEqual(content)
    const data = writePrelogin(content)
    const again = wholeMessage(data, { type: packetType.prelogin, packetSize: 4_096, spid: 0 })
    expect(again).toEqual(bytesOf(examples.prelogin))
  })

  it('4.2: LOGIN7', () => {
    expect(readLogin7(only(examples.login))).toEqual({
      tdsVersion: 0x7209_0002,
      packetSize: 4_096,
      hostName: 'skostov1',
      userName: 'sa',
      password: '',
      appName: 'OSQL-32',
      serverName: '',
      libraryName: 'ODBC',
      language: '',
      database: '',
    })
  })

  it('4.4: the answer to a login', () => {
    const info = (number: number, state: number, text: string): ServerMessage => ({
      number,
      state,
      text,
      severity: 0,
      server: '',
      procedure: '',
      line: 0,
    })
    const tokens = written((writer) => {
      writeEnvironment(writer, environment.database, 'master', 'master')
      writeMessage(writer, info(5701, 2, `Changed database context to 'master'.`))
      writeEnvironment(writer, environment.collation, collation, Buffer.alloc(0))
      writeEnvironment(writer, environment.language, 'us_english', '')
      writeEnvironment(writer, environment.packetSize, '4096', '4096')
      writeMessage(writer, info(5703, 1, 'Changed language setting to us_english.'))
      const program = 'Microsoft SQL Server\0\0'
      writeLoginAck(writer, { tdsVersion: 0x7209_0002, program, version: [0, 0, 0, 0] })
      writeDone(writer, {})
    })
    expect(wholeMessage(tokens, response)).toEqual(bytesOf(examples.loginResponse))
  })

  it('4.6 and 4.7: a batch and its answer', () => {
    const reader = new ByteReader(only(examples.batch))
    expect(readHeaders(reader)).toEqual({ transaction: 0x0100_0000_0000_0000n })
    expect(reader.text(reader.left / 2).trim()).toBe(`select 'foo' as 'bar'`)
    const columns = [
      { name: 'bar', type: { name: 'varchar', length: 3 }, flags: columnFlag.computed },
    ] as const
    const tokens = written((writer) => {
      writeColumns(writer, columns)
      writeRow(writer, columns, ['foo'])
      writeDone(writer, { status: doneStatus.count, command: command.select, count: 1n })
    })
    expect(wholeMessage(tokens, response)).toEqual(bytesOf(examples.batchResponse))
  })

  it('4.8 and 4.9: a procedure and its answer', () => {
    const reader = new ByteReader(only(examples.rpc))
    readHeaders(reader)
    expect(readRpc(reader)).toEqual({
      procedure: 'foo3',
      parameters: [{ name: '', isOutput: false, isDefault: true, type: { name: 'smallint' }, value: null }],
    })
    const tokens = written((writer) => {
      const status = doneStatus.count | doneStatus.more
      writeDone(writer, { token: doneToken.inProcedure, status, command: command.select, count: 1n })
      writeReturnStatus(writer, 0)
      writeDone(writer, { token: doneToken.procedure, command: command.execute })
    })
    expect(wholeMessage(tokens, response)).toEqual(bytesOf(examples.rpcResponse))
  })

  it('4.10: an attention', () => {
    const [message] = new MessageReader().read(bytesOf(examples.attention))
    expect(message).toMatchObject({ type: packetType.attention, status: packetStatus.endOfMessage })
  })

  it('4.15: a row with NULL in it', () => {
    const columns = [
      { name: 'id', type: { name: 'int' }, flags: 9 },
      { name: 'sparsePropertySet', type: { name: 'nvarchar', length: Infinity }, flags: 9 },
    ] as const
    expect(written((writer) => writeRow(writer, columns, ['4', null]))).toEqual(
      bytesOf('D2 02 04 04 00 00 00'),
    )
  })
})

describe('Packets', () => {
  it('are joined however they are cut, and the reset is seen on the first', () => {
    const writer = new MessageWriter({ type: packetType.batch, packetSize: 512, spid: 0 })
    const data = Buffer.from('abcdefgh'.repeat(400))
    const { packets } = writer.cut(data, true)
    packets.writeUInt8(packetStatus.resetConnection, 1)
    expect(packets.length).toBe(data.length + 8 * 7)
    for (const size of [1, 7, 512, 5_000]) {
      const reader = new MessageReader()
      const messages = Array.from({ length: Math.ceil(packets.length / size) }, (_, at) =>
        reader.read(packets.subarray(at * size, (at + 1) * size)),
      ).flat()
      expect(messages).toEqual([{ type: packetType.batch, status: 0x09, data }])
    }
    expect(() => new MessageReader().read(Buffer.of(1, 1, 0, 7, 0, 0, 1, 0))).toThrow(RangeError)
  })

  it('of a login show the password to the server', () => {
    const login = only(examples.login)
    const hidden = Buffer.from('sä', 'utf16le').map((byte) => ((byte << 4) | (byte >> 4)) ^ 0xa5)
    const changed = Buffer.concat([login, hidden])
    changed.writeUInt32LE(changed.length)
    changed.writeUInt16LE(login.length, 36 + 8)
    changed.writeUInt16LE(2, 36 + 10)
    expect(readLogin7(changed).password).toBe('sä')
    expect(() => readLogin7(login.subarray(0, -2))).toThrow(RangeError)
  })

  it('of the transaction manager say what begins behind a commit', () => {
    const request = new ByteReader(bytesOf('05 00 02 02 74 00'))
    expect(readTransactionRequest(request)).toEqual({ type: 5, isolation: 2, name: 't', next: undefined })
    expect(readTransactionRequest(new ByteReader(bytesOf('07 00 00 01 04')))).toMatchObject({
      type: 7,
      next: 4,
    })
    expect(() => readTransactionRequest(new ByteReader(bytesOf('06 00')))).toThrow(/does not know/)
  })
})

describe('Values', () => {
  const ones = '1'.repeat(38)
  it.each<[TdsType, string, string]>([
    [{ name: 'bit' }, '1', '01 01'],
    [{ name: 'tinyint' }, '255', '01 FF'],
    [{ name: 'smallint' }, '-32768', '02 00 80'],
    [{ name: 'int' }, '-2147483648', '04 00 00 00 80'],
    [{ name: 'bigint' }, '9223372036854775807', '08 FF FF FF FF FF FF FF 7F'],
    [{ name: 'real' }, '1.5', '04 00 00 C0 3F'],
    [{ name: 'float' }, '-2', '08 00 00 00 00 00 00 00 C0'],
    [{ name: 'decimal', precision: 5, scale: 1 }, '-1.5', '05 00 0F 00 00 00'],
    [{ name: 'numeric', precision: 38, scale: 0 }, ones, `11 01 ${hexOf(BigInt(ones))}`],
    [{ name: 'numeric', precision: 38, scale: 38 }, `-0.${ones}`, `11 00 ${hexOf(BigInt(ones))}`],
    [{ name: 'money' }, '-922337203685477.5808', '08 00 00 00 80 00 00 00 00'],
    [{ name: 'money' }, '0.0001', '08 00 00 00 00 01 00 00 00'],
    [{ name: 'smallmoney' }, '214748.3647', '04 FF FF FF 7F'],
    [{ name: 'varchar', length: 9 }, 'aé€', '03 00 61 E9 80'],
    [{ name: 'nvarchar', length: 9 }, 'a😀', '06 00 61 00 3D D8 00 DE'],
    [{ name: 'nvarchar', length: Infinity }, 'a', '02 00 00 00 00 00 00 00 02 00 00 00 61 00 00 00 00 00'],
    [{ name: 'varbinary', length: 5 }, '\\x00ff', '02 00 00 FF'],
    [{ name: 'varbinary', length: Infinity }, '\\x', '00 00 00 00 00 00 00 00 00 00 00 00'],
    [{ name: 'date' }, '0001-01-01', '03 00 00 00'],
    [{ name: 'date' }, '9999-12-31', '03 DA B9 37'],
    [{ name: 'time', scale: 0 }, '23:59:59.000000', '03 7F 51 01'],
    [{ name: 'time', scale: 7 }, '00:00:00.000001', '05 0A 00 00 00 00'],
    [{ name: 'datetime' }, '1753-01-01 00:00:00.000', '08 46 2E FF FF 00 00 00 00'],
    [{ name: 'datetime' }, '1900-01-02 00:00:00.997', '08 01 00 00 00 2B 01 00 00'],
    [{ name: 'smalldatetime' }, '2079-06-06 23:59:00.000', '04 FF FF 9F 05'],
    [{ name: 'datetime2', scale: 7 }, '0001-01-01 00:00:01.000000', '08 80 96 98 00 00 00 00 00'],
    [{ name: 'datetimeoffset', scale: 0 }, '0001-01-02 00:00:01.000000+00', '08 01 00 00 01 00 00 00 00'],
    [
      { name: 'uniqueidentifier' },
      '00112233-4455-6677-8899-aabbccddeeff',
      '10 33 22 11 00 55 44 77 66 88 99 AA BB CC DD EE FF',
    ],
  ])('%o: %s', (type, text, hex) => {
    expect(written((writer) => writeValue(writer, type, text)).toString('hex')).toBe(
      bytesOf(hex).toString('hex'),
    )
    expect(readValue(new ByteReader(bytesOf(hex)), type, false)).toBe(text)
    const info = new ByteReader(written((writer) => writeTypeInfo(writer, type)))
    expect(readTypeInfo(info)).toEqual({ type, isFixed: false })
    expect(info.left).toBe(0)
    const missing = new ByteReader(written((writer) => writeValue(writer, type, null)))
    expect(readValue(missing, type, false)).toBe(null)
  })

  it('that PostgreSQL would change are refused', () => {
    const wrong: [TdsType, string][] = [
      [{ name: 'float' }, '08 00 00 00 00 00 00 F8 7F'],
      [{ name: 'time', scale: 7 }, '05 01 00 00 00 00'],
      [{ name: 'nvarchar', length: 1 }, '02 00 D0 FD'],
      [{ name: 'nvarchar', length: 1 }, '02 00 3D D8'],
    ]
    for (const [type, hex] of wrong) {
      expect(() => readValue(new ByteReader(bytesOf(hex)), type, false)).toThrow(
        /valid instance|does not know/,
      )
    }
    const type = { name: 'numeric', precision: 38, scale: 1 } as const
    expect(() => written((writer) => writeValue(writer, type, '0.25'))).toThrow(/does not know/)
  })
})

function hexOf(value: bigint): string {
  return written((writer) => writer.unsigned(value, 16)).toString('hex')
}
