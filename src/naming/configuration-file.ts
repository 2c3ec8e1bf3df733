import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readConfiguration, type Configuration } from './configuration.ts'
import type { SettingsRules } from './configuration-settings.ts'
import { parseConfigurationText } from './configuration-text.ts'
import { ConfigurationException } from './naming-exception.ts'

/** Some thousand data sources. A larger file is not a configuration, and would take seconds to say so. */
const maximumSize = 1_048_576

/**
 * Reads `wellhead.yaml` (or `.yml`, `.json`: JSON is read as the part of YAML that it is).
 *
 * @param rules Validate the settings of each data source, as far as they are known without the environment.
 * @param profile Undefined, or the empty text: none.
 * @throws ConfigurationException for a file that cannot be used, with line and column.
 */
export async function readConfigurationFile(
  path: string | URL,
  rules: SettingsRules,
  profile?: string,
): Promise<Configuration> {
  const file = pathOf(path)
  const text = decode(await readLimited(file), file)
  const root = await parseConfigurationText(text, file)
  const sources = { environment: process.env, folder: dirname(resolve(file)) }
  return readConfiguration(root, { rules, sources, profile })
}

/** The path of a configuration file, as messages show it. */
export function pathOf(path: string | URL): string {
  return typeof path === 'string' ? path : fileURLToPath(path)
}

async function readLimited(file: string): Promise<Uint8Array> {
  try {
    await using handle = await open(file)
    const status = await handle.stat()
    if (!status.isFile()) throw fileError(file, 'is not a file')
    if (status.size > maximumSize) throw fileError(file, `has ${status.size} bytes; at most ${maximumSize}`)
    return await handle.readFile()
  } catch (error) {
    if (error instanceof ConfigurationException) throw error
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'ENOENT'
        ? `does not exist in ${process.cwd()}`
        : `cannot be read (${code ?? 'unknown reason'})`
    throw fileError(file, why, error)
  }
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    // Without the byte order mark that some editors write; a stray one later is a fault that YAML finds.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw fileError(file, 'is not UTF-8 text', error)
  }
}

function fileError(file: string, why: string, cause?: unknown): ConfigurationException {
  return new ConfigurationException(`The configuration file '${file}' ${why}`, { cause })
}
