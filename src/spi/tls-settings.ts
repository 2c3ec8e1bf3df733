import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import * as v from 'valibot'
import { described, type SettingSchema } from './settings.ts'

/** What a client's TLS is configured with. */
export type TlsConfig = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'servername' | 'rejectUnauthorized' | 'checkServerIdentity'
>

/**
 * - `disable`: no TLS.
 * - `require`: encrypted; whoever answers is believed.
 * - `verify-ca`: the certificate must be signed by a known authority.
 * - `verify-full`: and be that of the host.
 */
export type TlsMode = 'disable' | 'require' | 'verify-ca' | 'verify-full'

export interface TlsSettings {
  /** Default: `disable` on unix sockets and loopback addresses, `verify-full` elsewhere. */
  readonly mode?: TlsMode | undefined
  /** Authorities in PEM. Default: those of Node.js. */
  readonly ca?: string | undefined
  /** The client's certificate and its key, in PEM. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly passphrase?: string | undefined
  /** The name that the certificate must have. Default: the host. */
  readonly serverName?: string | undefined
}

export const tlsModes: readonly TlsMode[] = ['disable', 'require', 'verify-ca', 'verify-full']

const wanted = `a mode (${tlsModes.map((mode) => `'${mode}'`).join(', ')}), or an object with mode, ca, cert, key, passphrase, serverName`
const mode = v.picklist(tlsModes)
const pem = v.optional(v.string())

/** A mode alone, or an object with it. */
export const tlsSchema: SettingSchema<TlsSettings | undefined> = described(
  {
    anyOf: [
      { enum: tlsModes },
      {
        type: 'object',
        properties: {
          mode: { enum: tlsModes },
          ...Object.fromEntries(
            ['ca', 'cert', 'key', 'passphrase', 'serverName'].map((name) => [name, { type: 'string' }]),
          ),
        },
        additionalProperties: false,
      },
    ],
  },
  v.optional(
    v.union(
      [
        v.pipe(
          mode,
          v.transform((word) => ({ mode: word })),
        ),
        v.pipe(
          notAList(),
          v.strictObject({
            mode: v.optional(mode),
            ca: pem,
            cert: pem,
            key: pem,
            passphrase: pem,
            serverName: pem,
          }),
        ),
      ],
      wanted,
    ),
  ),
)

/** Valibot takes a list for an object. */
export function notAList(message?: string): v.GenericSchema<unknown, object> {
  return v.custom<object>((value) => !Array.isArray(value), message)
}

/** What the client is told; false for no TLS. */
export function tlsConfig(host: string, settings: TlsSettings | undefined): TlsConfig | false {
  const chosen = settings?.mode ?? (isLocal(host) ? 'disable' : 'verify-full')
  if (chosen === 'disable' || host.startsWith('/')) return false
  const serverName = settings?.serverName ?? (isIP(host) === 0 ? host : undefined)
  return {
    ...given('ca', settings?.ca),
    ...given('cert', settings?.cert),
    ...given('key', settings?.key),
    ...given('passphrase', settings?.passphrase),
    ...given('servername', serverName),
    rejectUnauthorized: chosen !== 'require',
    ...(chosen === 'verify-ca' && { checkServerIdentity: () => undefined }),
  }
}

/** A unix socket, or an address of this machine: nobody is between. */
export function isLocal(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host)
}

function given<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, string>)
}
