import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { TokenPump } from '../../../drivers/mssql/row-reader.ts'
import { loadTedious, type Token } from '../../../drivers/mssql/tedious-module.ts'

const { TokenParser } = await loadTedious()

/** DONE, by which one can be told from another. */
function done(rowCount: number): Buffer {
  const bytes = Buffer.alloc(13)
  bytes[0] = 0xfd
  bytes.writeUInt16LE(0x10, 1)
  bytes.writeBigUInt64LE(BigInt(rowCount), 5)
  return bytes
}

/** A pump on a message, with what it does in its order. */
function pumped(message: PassThrough, onToken: (count: number) => void = () => {}) {
  const seen: (number | string)[] = []
  const observe = ({ rowCount = -1 }: Token): boolean => {
    seen.push(rowCount)
    onToken(rowCount)
    return true
  }
  const pump = new TokenPump(message, {}, new TokenParser({ tdsVersion: '7_4' }), observe)
  pump.on('end', () => seen.push('end'))
  pump.on('error', (error: Error) => seen.push(error.message))
  return { pump, seen }
}

async function someTurns(): Promise<void> {
  for (let n = 0; n < 5; n++) await turn()
}

it('reads tokens wherever the packets are cut, and tells the end after the last one', async () => {
  const message = new PassThrough()
  const { pump, seen } = pumped(message)
  for (const byte of Buffer.concat([done(1), done(2)])) message.write(Buffer.of(byte))
  message.end()
  await once(pump, 'end')
  expect(seen).toEqual([1, 2, 'end'])
})

it('halts between two tokens of one packet, and does not tell an end that has come meanwhile', async () => {
  const message = new PassThrough()
  const { pump, seen } = pumped(message, (count) => {
    if (count < 3) pump.pause()
  })
  message.end(Buffer.concat([done(1), done(2), done(3)]))
  await someTurns()
  expect(seen).toEqual([1])
  pump.resume()
  await someTurns()
  expect(seen).toEqual([1, 2])
  pump.resume()
  pump.pause()
  await someTurns()
  expect(seen).toEqual([1, 2])
  pump.resume()
  await once(pump, 'end')
  expect(seen).toEqual([1, 2, 3, 'end'])
})

it('holds back whoever writes while it is halted', async () => {
  const message = new PassThrough({ highWaterMark: 100 })
  const { pump, seen } = pumped(message)
  pump.pause()
  let written = 0
  while (message.write(done(written++))) await turn()
  expect(seen).toEqual([])
  pump.resume()
  message.end()
  await once(pump, 'end')
  expect(seen).toEqual([...Array(written).keys(), 'end'])
})

it('tells once that bytes are wrong or missing, and reads no further', async () => {
  const wrong = new PassThrough()
  const one = pumped(wrong)
  wrong.write(Buffer.concat([done(1), Buffer.of(0)]))
  await someTurns()
  wrong.end(done(2))
  one.pump.resume()
  await someTurns()
  expect(one.seen).toEqual([1, 'Unknown type: 0'])

  const short = new PassThrough()
  const other = pumped(short)
  short.end(done(1).subarray(0, 12))
  await someTurns()
  expect(other.seen).toEqual(['unexpected end of data'])

  const broken = new PassThrough()
  const third = pumped(broken)
  broken.destroy(new Error('it broke'))
  await someTurns()
  expect(third.seen).toEqual(['it broke'])
})
