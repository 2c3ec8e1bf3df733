import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** On what was measured. */
export interface Machine {
  readonly node: string
  readonly cpu: string
  readonly cores: number
}

export function thisMachine(): Machine {
  return { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length }
}

/** Of npm packages, as installed. */
export function versionsOf(peers: readonly { readonly package?: string }[]): Record<string, string> {
  const versions: Record<string, string> = {}
  for (const { package: name } of peers) {
    if (name === undefined) continue
    const manifest: unknown = JSON.parse(
      readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'),
    )
    versions[name] = (manifest as { version: string }).version
  }
  return versions
}

/** Keeps a report as docs/performance/<name>.json, from which the pages are made. */
export function writeReport(report: { readonly name: string }): void {
  const folder = join(root, 'docs/performance')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${report.name}.json`), `${JSON.stringify(report, undefined, 2)}\n`)
}
