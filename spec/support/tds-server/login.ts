import { ByteReader } from './bytes.ts'

/** What a client says of itself: [MS-TDS] 2.2.6.4. */
export interface Login7 {
  readonly tdsVersion: number
  readonly packetSize: number
  readonly hostName: string
  readonly userName: string
  readonly password: string
  readonly appName: string
  readonly serverName: string
  readonly libraryName: string
  readonly language: string
  readonly database: string
  /** Of Microsoft Entra ID, in the place of user and password. */
  readonly accessToken: string | undefined
}

export function readLogin7(data: Buffer): Login7 {
  const reader = new ByteReader(data)
  const length = reader.uint32()
  if (length !== data.length)
    throw new RangeError(`a LOGIN7 of ${data.length} bytes says that it has ${length}`)
  const tdsVersion = reader.uint32()
  const packetSize = reader.uint32()
  // Client's version, process and connection, flags, time zone, LCID.
  const hasFeatures = (reader.bytes(24)[15]! & hasExtension) !== 0
  const field = (): Buffer => {
    const start = reader.uint16()
    return new ByteReader(data, start).bytes(reader.uint16() * 2)
  }
  const text = (): string => field().toString('utf16le')
  const [hostName, userName] = [text(), text()]
  const password = revealed(field()).toString('utf16le')
  const [appName, serverName] = [text(), text()]
  const features = reader.uint16()
  reader.uint16()
  const [libraryName, language, database] = [text(), text(), text()]
  return {
    tdsVersion,
    packetSize,
    hostName,
    userName,
    password,
    appName,
    serverName,
    libraryName,
    language,
    database,
    accessToken: hasFeatures ? tokenOf(data, features) : undefined,
  }
}

/** In the third byte of the flags: features are asked for. */
const hasExtension = 0x10
const feature = { federatedLogin: 0x02, end: 0xff } as const
/** In the options of a federated login: a token that the client brings along. */
const securityToken = 1

/** Of the features that are asked for only this one makes a difference here. */
function tokenOf(data: Buffer, at: number): string | undefined {
  const reader = new ByteReader(data, new ByteReader(data, at).uint32())
  for (let id = reader.uint8(); id !== feature.end; id = reader.uint8()) {
    const content = new ByteReader(reader.bytes(reader.uint32()))
    if (id !== feature.federatedLogin || content.uint8() >> 1 !== securityToken) continue
    return content.bytes(content.uint32()).toString('utf16le')
  }
  return undefined
}

/** Clients swap the halves of each byte and turn bits over (0xA5). */
function revealed(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => ((byte ^ 0xa5) >> 4) | (((byte ^ 0xa5) & 0x0f) << 4)))
}
