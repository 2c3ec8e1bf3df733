import type { ConfiguredName } from '../naming/configuration.ts'
import { atOrigin } from '../naming/configuration.ts'
import type { WrittenSetting } from '../naming/configuration-settings.ts'
import { isDeferred, resolveValue, type ConfigurationValue } from '../naming/configuration-value.ts'
import type { ConfigurationPlace } from '../naming/naming-exception.ts'
import { Reference } from '../naming/reference.ts'
import { poolSettings } from '../pool/settings.ts'
import { findDriver, resolveSettings } from '../source/data-source-settings.ts'
import type { LoadableDriver } from '../source/driver-table.ts'
import { jsonSchemaOf, type JsonSchema, type SettingDefinition } from '../spi/settings.ts'
import { drivers, type CliConfiguration } from './configuration.ts'
import { describeFailure } from './failures.ts'

/** Shown in the place of a secret, however long that is. */
const mask = '••••••'

/** A setting of a data source as it is in force, and why. */
export interface EffectiveSetting {
  readonly name: string
  /** As people write it, {@link mask} for a secret; undefined where there is none. */
  readonly value: unknown
  readonly origin: SettingOrigin
}

/** Where a setting has its value from. */
export interface SettingOrigin {
  readonly kind: 'data source' | 'defaults' | 'built-in default'
  /** The value is a part of the url. */
  readonly url: boolean
  readonly profile: string | undefined
  readonly place: ConfigurationPlace | undefined
  readonly environment:
    { readonly name: string; readonly isSet: boolean; readonly hasDefault: boolean } | undefined
  /** As it was written. */
  readonly file: string | undefined
}

/** Something that is wrong, and what to do. */
export interface Problem {
  readonly message: string
  readonly remedy: string
}

/** A data source of a configuration, as far as it can be known without connecting. */
export interface EffectiveSource {
  readonly driver: LoadableDriver | undefined
  /** Those of the driver first, in the order of its table. */
  readonly settings: readonly EffectiveSetting[]
  /** For the code: the driver's and the pool's, complete. Undefined: with these problems there are none. */
  readonly resolved: Readonly<Record<string, unknown>> | undefined
  readonly problems: readonly Problem[]
}

const builtIn: SettingOrigin = {
  kind: 'built-in default',
  url: false,
  profile: undefined,
  place: undefined,
  environment: undefined,
  file: undefined,
}

/** Looks at each setting by itself, so that a variable that is missing hides nothing of the rest. */
export function effectiveSource(configured: ConfiguredName, { folder }: CliConfiguration): EffectiveSource {
  const name = configured.name.toString()
  const written = configured.settings()
  const problems: Problem[] = []
  const values = new Map<string, unknown>()
  for (const [setting, { value }] of written) {
    try {
      values.set(setting, resolveValue(value, `${name}: ${setting}`, { environment: process.env, folder }))
    } catch (error) {
      problems.push({ message: describeFailure(error), remedy: remedyFor(value) })
    }
  }
  const reference = configured.object instanceof Reference ? configured.object : undefined
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work()
    } catch (error) {
      const message = describeFailure(atOrigin(error, reference?.origin()))
      // What follows from a value that is missing was told with it.
      if (problems.length === 0) problems.push({ message, remedy: 'correct it there' })
      return undefined
    }
  }
  const driver = attempt(() => findDriver(drivers, values.get('url'), values.get('driver'), name))
  const url = values.get('url')
  const fromUrl = attempt(() => (typeof url === 'string' ? driver?.parseUrl(url) : undefined)) ?? {}
  const known: Readonly<Record<string, SettingDefinition>> = { ...driver?.settings, ...poolSettings }
  const resolved =
    problems.length > 0 ? undefined : attempt(() => resolveSettings(drivers, reference?.properties(), name))
  const inForce: Record<string, unknown> = { ...resolved?.driverSettings, ...resolved?.pool }
  const urlIsDefault = written.get('url')?.isDefault === true
  const settings = Object.entries(known).map(([setting, definition]): EffectiveSetting => {
    const own = written.get(setting)
    const viaUrl = Object.hasOwn(fromUrl, setting) && (own === undefined || (own.isDefault && !urlIsDefault))
    const from = viaUrl ? written.get('url') : own
    const value = viaUrl ? fromUrl[setting] : values.get(setting)
    if (from === undefined)
      return { name: setting, value: defaultOf(definition, inForce[setting]), origin: builtIn }
    const hidden = value !== undefined && isHidden(definition, value, viaUrl ? undefined : from.value)
    return { name: setting, value: hidden ? mask : value, origin: originOf(from, viaUrl) }
  })
  return { driver, settings, resolved: resolved && inForce, problems }
}

/** In a few words: `wellhead.yaml:5, in the url, variable ACCOUNTS_URL`. */
export function describeOrigin({ kind, url, profile, place, environment, file }: SettingOrigin): string {
  if (kind === 'built-in default') return kind
  const parts = [place === undefined ? '' : describeLine(place)]
  if (profile !== undefined) parts.push(`profile ${profile}`)
  if (kind === 'defaults') parts.push('defaults')
  if (url) parts.push('url')
  if (environment !== undefined) {
    const { name, isSet, hasDefault } = environment
    parts.push(isSet ? `$${name}` : hasDefault ? `default of $${name}` : `$${name}, which is not set`)
  }
  if (file !== undefined) parts.push(`file ${file}`)
  return parts.join(', ')
}

/** `wellhead.yaml:5`: terminals and editors open it. */
export function describeLine(place: ConfigurationPlace): string {
  return 'file' in place ? `${place.file}:${place.line}` : place.path.join('.')
}

function originOf({ value, entry, isDefault, profile }: WrittenSetting, url: boolean): SettingOrigin {
  return {
    kind: isDefault ? 'defaults' : 'data source',
    url,
    profile,
    place: entry.keyPlace,
    environment:
      value.kind === 'environment'
        ? {
            name: value.variable,
            isSet: process.env[value.variable] !== undefined,
            hasDefault: value.default !== undefined,
          }
        : undefined,
    file: value.kind === 'file' ? value.path : undefined,
  }
}

/**
 * Secrets, unless it is a word that everybody knows; and what somebody keeps in a file of its own, or hides within a
 * larger value.
 */
function isHidden(
  { secret, schema }: SettingDefinition,
  value: unknown,
  written: ConfigurationValue | undefined,
): boolean {
  if (written !== undefined && isDeferred(written) && written.kind !== 'environment') return true
  return secret === true && !wordsOf(jsonSchemaOf(schema)).includes(value)
}

function wordsOf({ enum: words = [], anyOf = [] }: JsonSchema): readonly unknown[] {
  return [...(words as unknown[]), ...(anyOf as JsonSchema[]).flatMap(wordsOf)]
}

/** One that depends on others is told as it is in force. */
function defaultOf(definition: SettingDefinition, inForce: unknown): unknown {
  if (definition.default !== undefined) return definition.default
  return inForce === Infinity ? 'unlimited' : inForce
}

function remedyFor(value: ConfigurationValue): string {
  if (value.kind === 'environment') {
    return `set ${value.variable}, or write { env: ${value.variable}, default: … }`
  }
  return 'write that file, or correct the path, which starts from the folder of the configuration'
}
