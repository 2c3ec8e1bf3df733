import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { isIP } from 'node:net'

/** What a TLS server is configured with, as PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
  /** The authority's own, for clients. */
  readonly ca: string
}

export interface CertificateOptions {
  /** Names and addresses that the certificate is good for. */
  readonly hosts: readonly string[]
  /** Days from now until it ends; negative, it has ended. */
  readonly days?: number
}

/** The parts of X.509 that a test needs, written as DER by hand: no package, and no openssl on the machine. */
export class CertificateAuthority {
  /** What clients trust. */
  readonly ca: string
  readonly #name: string
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  constructor(name = 'Wellhead specs') {
    this.#name = name
    const { publicKey } = this.#keys
    const usage = [basicConstraints(true), keyUsage('keyCertSign', 'cRLSign'), keyIdentifier(publicKey)]
    this.ca = this.#sign({ subject: name, publicKey, days: 1, extensions: usage })
  }

  issue({ hosts, days = 1 }: CertificateOptions): Certificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const extensions = [
      basicConstraints(false),
      keyUsage('digitalSignature'),
      serverAuthentication,
      alternativeNames(hosts),
      authorityIdentifier(this.#keys.publicKey),
    ]
    const cert = this.#sign({ subject: hosts[0] ?? 'nobody', publicKey, days, extensions })
    return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, ca: this.ca }
  }

  #sign(content: Content): string {
    const end = Date.now() + content.days * dayLength
    const start = Math.min(Date.now(), end) - dayLength
    const body = sequence(
      tagged(0xa0, integer(2)), // version 3
      tagged(0x02, Buffer.concat([Buffer.of(0x01), randomBytes(15)])), // a positive serial number
      ecdsaWithSha256,
      distinguishedName(this.#name),
      sequence(utcTime(start), utcTime(end)),
      distinguishedName(content.subject),
      publicKeyInfo(content.publicKey),
      tagged(0xa3, sequence(...content.extensions)),
    )
    const signature = sign('sha256', body, this.#keys.privateKey)
    return pem(sequence(body, ecdsaWithSha256, bitString(signature)))
  }
}

interface Content {
  readonly subject: string
  readonly publicKey: KeyObject
  readonly days: number
  readonly extensions: readonly Buffer[]
}

const dayLength = 86_400_000
const ecdsaWithSha256 = sequence(objectId('1.2.840.10045.4.3.2'))
const serverAuthentication = extension('2.5.29.37', sequence(objectId('1.3.6.1.5.5.7.3.1')))
const usageBits = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 }

function basicConstraints(authority: boolean): Buffer {
  return extension('2.5.29.19', sequence(...(authority ? [tagged(0x01, Buffer.of(0xff))] : [])), true)
}

function keyUsage(...uses: (keyof typeof usageBits)[]): Buffer {
  const bits = uses.reduce((sum, use) => sum | (0x80 >> usageBits[use]), 0)
  const unused = 31 - Math.clz32(bits & -bits) // the zero bits at the end
  return extension('2.5.29.15', tagged(0x03, Buffer.of(unused, bits)), true)
}

function keyIdentifier(key: KeyObject): Buffer {
  return extension('2.5.29.14', tagged(0x04, keyHash(key)))
}

function authorityIdentifier(key: KeyObject): Buffer {
  return extension('2.5.29.35', sequence(tagged(0x80, keyHash(key))))
}

function alternativeNames(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    isIP(host) ? tagged(0x87, address(host)) : tagged(0x82, Buffer.from(host)),
  )
  return extension('2.5.29.17', sequence(...names))
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(objectId(id), ...(critical ? [tagged(0x01, Buffer.of(0xff))] : []), tagged(0x04, value))
}

/** 127.0.0.1 and ::1 are all the specs need of either family. */
function address(host: string): Buffer {
  return isIP(host) === 4 ? Buffer.from(host.split('.').map(Number)) : Buffer.alloc(16).fill(1, 15)
}

function distinguishedName(commonName: string): Buffer {
  const name = sequence(objectId('2.5.4.3'), tagged(0x0c, Buffer.from(commonName)))
  return sequence(tagged(0x31, name))
}

function publicKeyInfo(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' })
}

function keyHash(key: KeyObject): Buffer {
  return createHash('sha1').update(publicKeyInfo(key)).digest()
}

function utcTime(milliseconds: number): Buffer {
  const digits = new Date(milliseconds)
    .toISOString()
    .replaceAll(/[-:T]|\..*/g, '')
    .slice(2)
  return tagged(0x17, Buffer.from(`${digits}Z`))
}

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(n: number): number[] {
  const digits = [n & 0x7f]
  for (let left = n >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80)
  return digits
}

function integer(n: number): Buffer {
  return tagged(0x02, Buffer.of(n))
}

function bitString(content: Buffer): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.of(0), content]))
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts))
}

function tagged(tag: number, content: Buffer): Buffer {
  const length = content.length
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}
