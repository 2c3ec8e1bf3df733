import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { callListener } from '../session/listeners.ts'
import type { Clock, Timer } from '../spi/clock.ts'
import type { Configuration } from './configuration.ts'

/** What is watched, and what is done then. */
export interface ConfigurationWatchOptions {
  readonly file: string
  /** Between two looks at the files, in milliseconds. */
  readonly interval: number
  readonly clock: Clock
  readonly read: () => Promise<Configuration>
  /** Is told why the file could not be read or understood; what was in force stays so. */
  readonly report: (error: unknown) => void
}

/** Puts in force what was read. `changed` are files that say something else, as absolute paths. */
export type ApplyConfiguration = (next: Configuration, changed: ReadonlySet<string>) => void

/** The state of each file: equal as long as nobody writes or replaces it. */
type States = ReadonlyMap<string, string>

/**
 * Looks at a configuration file now and then, and at the files that its values are in. Looking works where
 * notifications do not: on network and container file systems, and however a file is replaced, by an editor that
 * renames or by Kubernetes, which changes a symbolic link above it.
 *
 * It never keeps the process alive.
 */
export class ConfigurationWatch {
  readonly #options: ConfigurationWatchOptions
  readonly #file: string
  #timer: Timer | undefined
  #closed = false
  #look: Promise<void> | undefined
  /** Taken before the files were read, so that no change is missed. */
  #known: States = new Map()
  /** A new state, seen once. */
  #fresh = ''

  constructor(options: ConfigurationWatchOptions) {
    this.#options = options
    this.#file = resolve(options.file)
  }

  /** What the file says now. */
  async read(): Promise<Configuration> {
    return this.#readSince(await statesOf([this.#file]))
  }

  async #readSince(states: States): Promise<Configuration> {
    const configuration = await this.#options.read()
    const files = [this.#file, ...configuration.dataSources.flatMap((configured) => configured.files)]
    const others = await statesOf(files.filter((file) => !states.has(file)))
    this.#known = new Map(files.map((file) => [file, (states.get(file) ?? others.get(file))!]))
    return configuration
  }

  /** Calls back when a file has changed since it was read, and has then stayed as it is for one interval. */
  start(apply: ApplyConfiguration): void {
    if (this.#closed) return
    const { clock, interval } = this.#options
    const look = (): void => {
      this.#look = this.#lookAtFiles(apply).finally(() => this.start(apply))
    }
    this.#timer = clock.setTimer(look, interval, { keepAlive: false })
  }

  /** Nothing is put in force any more. Settles when nothing is being read. */
  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    await this.#look
  }

  async #lookAtFiles(apply: ApplyConfiguration): Promise<void> {
    const states = await statesOf(this.#known.keys())
    const changed = [...states].filter(([file, state]) => this.#known.get(file) !== state)
    const seen = this.#fresh
    this.#fresh = changed.join()
    // Seen once it may be half written.
    if (changed.length === 0 || this.#fresh !== seen) return
    this.#known = states
    try {
      const configuration = await this.#readSince(states)
      if (!this.#closed) apply(configuration, new Set(changed.map(([file]) => file)))
    } catch (error) {
      if (!this.#closed) this.#options.report(error)
    }
  }
}

async function statesOf(files: Iterable<string>): Promise<States> {
  const unique = [...new Set(files)]
  return new Map(await Promise.all(unique.map(async (file) => [file, await stateOf(file)] as const)))
}

async function stateOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}

/**
 * Tells the application that a changed configuration, or a part of it, is not in force; by a warning with the code
 * `WELLHEAD_CONFIGURATION` when it does not listen.
 */
export function configurationReporter(
  listener: ((error: unknown) => void) | undefined,
): (error: unknown) => void {
  return (error) => {
    if (listener !== undefined) {
      callListener('InitialContext', 'onConfigurationError', listener, (call) => call(error), error)
      return
    }
    const message = error instanceof Error ? error.message : String(error)
    process.emitWarning(`The configuration that was changed is not in force: ${message}`, {
      type: 'WellheadWarning',
      code: 'WELLHEAD_CONFIGURATION',
    })
  }
}
