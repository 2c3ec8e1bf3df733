import { existsSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

/** The programs that make and run a server, by their paths. */
export interface MariaDbBinaries {
  readonly server: string
  readonly install: string
  /** What both take their other files from: messages, character sets. */
  readonly base: string
}

/** Where packages put them; the server is often not on the PATH. */
const usualPlaces = [
  '/usr/sbin',
  '/usr/bin',
  '/usr/libexec',
  '/usr/local/bin',
  '/opt/homebrew/opt/mariadb/bin',
  '/usr/local/opt/mariadb/bin',
]

export const howToGetMariaDb =
  'set TEST_MYSQL_URL, or install MariaDB (Debian: apt-get install mariadb-server; macOS: brew install mariadb)'

/** From TEST_MARIADB_BIN, the PATH, or the usual places. */
export function mariaDbBinaries(): MariaDbBinaries | undefined {
  const wanted = process.env['TEST_MARIADB_BIN']
  const folders = wanted
    ? [wanted]
    : [...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...usualPlaces]
  const server = find(folders, 'mariadbd')
  const install = find(folders, 'mariadb-install-db')
  if (server !== undefined && install !== undefined) {
    return { server, install, base: dirname(dirname(realpathSync(install))) }
  }
  if (wanted) throw new Error(`TEST_MARIADB_BIN=${wanted} has no mariadbd and mariadb-install-db`)
  return undefined
}

function find(folders: readonly string[], name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file))
}
