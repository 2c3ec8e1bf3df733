import { readFileSync } from 'node:fs'

export interface Entry {
  /** As a consumer writes it: `wellhead`, `wellhead/spi` … */
  readonly specifier: string
  /** The emitted declarations, relative to the package root. */
  readonly types: string
}

/** The public entries, read from `exports` of package.json so that there is one list of them. */
export function publicEntries(root: string): Entry[] {
  const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
  return Object.entries<{ types?: string }>(manifest.exports).flatMap(([path, target]) =>
    target.types ? [{ specifier: `wellhead${path.slice(1)}`, types: target.types.slice(2) }] : [],
  )
}
