import type { DriverDescriptor } from '../../src/spi/driver.ts'
import {
  choice,
  duration,
  flag,
  InvalidSettingError,
  text,
  type SettingsOf,
  type SettingsTable,
} from '../../src/spi/settings.ts'

/** Where a physical connection runs. */
export type SqliteMode = 'worker' | 'process' | 'inline'

export type SqliteSettings = SettingsOf<typeof sqliteSettings>

// Few on purpose: whatever else SQLite can be told is a PRAGMA, and goes into `connectionInitSql`.
const sqliteSettings = {
  path: {
    schema: text(),
    meaning:
      "The database file, created when it is missing; ':memory:' is a private one that ends with the data source.",
  },
  mode: {
    schema: choice('worker', 'process', 'inline'),
    default: 'worker',
    meaning:
      'Where a connection runs: in a thread of its own; in a process of its own, where a running statement can be stopped; or in the thread of the caller, which it blocks.',
  },
  readOnly: {
    schema: flag(),
    default: false,
    meaning: 'The file is opened for reading only, and must exist.',
  },
  busyTimeout: {
    schema: duration({ off: true }),
    default: '5s',
    meaning:
      'How long a statement waits for a lock of another connection, unless its own deadline comes first.',
  },
  journalMode: {
    schema: choice('wal', 'delete'),
    default: 'wal',
    meaning:
      "How transactions are kept: 'wal' lets readers and one writer work at once; 'delete' is for file systems without shared memory.",
  },
  synchronous: {
    schema: choice('off', 'normal', 'full'),
    default: 'full',
    meaning:
      "When a commit reaches the disk: 'full' survives a power failure, 'normal' (with 'wal') may lose the last commits then, 'off' may lose the file.",
  },
  foreignKeys: {
    schema: flag(),
    default: true,
    meaning: 'Foreign keys are enforced.',
  },
} satisfies SettingsTable

/** The driver as it is known without loading `node:sqlite`. */
export const sqliteDescriptor: DriverDescriptor = {
  name: 'sqlite',
  urlSchemes: ['sqlite', 'file'],
  settings: sqliteSettings,
  parseUrl: parseSqliteUrl,
}

/**
 * `sqlite::memory:`, `sqlite:relative/path.db`, `sqlite:///absolute/path.db`; the query holds settings, of the driver
 * or of the pool: `sqlite:./x.db?mode=inline&maximumPoolSize=4`. Percent-encoding is decoded.
 *
 * @throws InvalidSettingError for a host (`sqlite://x.db`), a bad escape, a setting given twice.
 */
function parseSqliteUrl(url: string): Record<string, unknown> {
  const scheme = url.indexOf(':')
  const query = url.indexOf('?', scheme)
  const written = url.slice(scheme + 1, query === -1 ? undefined : query)
  const settings = new Map<string, unknown>([['path', filePath(written)]])
  for (const [name, value] of new URLSearchParams(query === -1 ? '' : url.slice(query + 1))) {
    if (settings.has(name)) throw invalidUrl(`it gives '${name}' twice`, name)
    settings.set(name, value)
  }
  return Object.fromEntries(settings)
}

function filePath(written: string): string {
  let path = written
  if (path.startsWith('//')) {
    const slash = path.indexOf('/', 2)
    // Somebody may have written user:password@host, as for other databases.
    const host = path.slice(2, slash === -1 ? undefined : slash).replace(/^.*@/s, '')
    if (slash === -1 || (host !== '' && host !== 'localhost')) {
      throw invalidUrl(
        `'${host}' stands where a host would: write sqlite:relative/path or sqlite:///absolute/path`,
      )
    }
    path = path.slice(slash)
    // sqlite:///C:/data/x.db
    if (/^\/[A-Za-z]:\//.test(path)) path = path.slice(1)
  }
  try {
    path = decodeURIComponent(path)
  } catch {
    throw invalidUrl('it holds a % that is no escape: write %25')
  }
  if (path === '') throw invalidUrl('it names no file: write sqlite:path, or sqlite::memory:')
  if (path.includes('\0')) throw invalidUrl('its path holds a NUL')
  return path
}

function invalidUrl(fault: string, name = 'url'): InvalidSettingError {
  return new InvalidSettingError(`The URL is not one of a SQLite database: ${fault}`, [name])
}
