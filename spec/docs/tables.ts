import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The cells of the first table behind a place in a page of the documentation, without its head. */
export function tableAfter(name: string, place: string): string[][] {
  const page = readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8')
  const at = page.indexOf(place)
  const table = at === -1 ? null : /(?:^\|.*\n)+/m.exec(page.slice(at))
  if (table === null) throw new Error(`docs/${name} has no table behind '${place}'`)
  const lines = table[0].trim().split('\n').slice(2)
  return lines.map((line) =>
    line
      .slice(1, -1)
      // A bar within a cell stands behind a backslash.
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('\\|', '|')),
  )
}
