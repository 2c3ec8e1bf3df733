// [MS-TDS] 2.2.6.5: a table of options, big-endian, with their data behind it.

export const encryption = { off: 0, on: 1, notSupported: 2, required: 3 } as const

const optionToken = { version: 0, encryption: 1, instance: 2, threadId: 3, mars: 4, fedAuth: 6, end: 0xff }

export interface Prelogin {
  /** Major, minor, build. */
  readonly version: readonly [number, number, number]
  readonly encryption: number
  readonly threadId: number
  readonly mars: boolean
}

export function readPrelogin(data: Buffer): Prelogin {
  const options = new Map<number, Buffer>()
  for (let at = 0; data.readUInt8(at) !== optionToken.end; at += 5) {
    const start = data.readUInt16BE(at + 1)
    const end = start + data.readUInt16BE(at + 3)
    if (end > data.length) throw new RangeError('an option of the pre-login lies behind its end')
    options.set(data.readUInt8(at), data.subarray(start, end))
  }
  const version = options.get(optionToken.version)
  const threadId = options.get(optionToken.threadId)
  return {
    version: version ? [version.readUInt8(0), version.readUInt8(1), version.readUInt16BE(2)] : [0, 0, 0],
    encryption: options.get(optionToken.encryption)?.[0] ?? encryption.notSupported,
    threadId: threadId?.length === 4 ? threadId.readUInt32LE() : 0,
    mars: options.get(optionToken.mars)?.[0] === 1,
  }
}

export function writePrelogin({ version, encryption: mode, threadId, mars }: Prelogin): Buffer {
  const versionBytes = Buffer.from([version[0], version[1], version[2] >> 8, version[2] & 0xff, 0, 0])
  const threadBytes = Buffer.alloc(4)
  threadBytes.writeUInt32LE(threadId)
  const options: [token: number, data: Buffer][] = [
    [optionToken.version, versionBytes],
    [optionToken.encryption, Buffer.of(mode)],
    [optionToken.instance, Buffer.of(0)],
    [optionToken.threadId, threadBytes],
    [optionToken.mars, Buffer.of(mars ? 1 : 0)],
  ]
  const table = Buffer.alloc(options.length * 5 + 1, optionToken.end)
  let start = table.length
  options.forEach(([token, data], at) => {
    table.writeUInt8(token, at * 5)
    table.writeUInt16BE(start, at * 5 + 1)
    table.writeUInt16BE(data.length, at * 5 + 3)
    start += data.length
  })
  return Buffer.concat([table, ...options.map(([, data]) => data)])
}
