// The tables of docs/migrating.md, from the one that error messages use: `npm run docs:migrating` writes them between
// the comments `names of LIBRARY` and `end of names`.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { foreignNames, type ForeignName } from '../src/spi/foreign-names.ts'

const page = join(import.meta.dirname, '../docs/migrating.md')
/** Libraries with a section of their own, and what else their settings are known by. */
const sections: Readonly<Record<string, readonly string[]>> = {
  'pg.Pool': ['pg.Pool', 'pg'],
  mysql2: ['mysql2', 'mysql'],
  Knex: ['Knex'],
  HikariCP: ['HikariCP'],
}

/** The text of docs/migrating.md with its tables made anew. */
export function migratingPage(written = readFileSync(page, 'utf8')): string {
  return written.replaceAll(
    /(<!-- names of (\S+) -->\n)[\s\S]*?(<!-- end of names -->)/g,
    (_, begin: string, library: string, end: string) => `${begin}\n${tableOf(library)}\n\n${end}`,
  )
}

function tableOf(library: string): string {
  const own = sections[library]
  if (own !== undefined) {
    const names = foreignNames.filter(({ of }) => of.some((other) => own.includes(other)))
    return table(['there', 'here', ''], names.map(cells))
  }
  const elsewhere = new Set(Object.values(sections).flat())
  const rows = foreignNames.flatMap((name) => {
    const others = name.of.filter((other) => !elsewhere.has(other))
    return others.length === 0 ? [] : [[others.join(', '), ...cells(name)]]
  })
  return table(['library', 'there', 'here', ''], rows)
}

function cells({ name, here, note = '' }: ForeignName): string[] {
  return [`\`${name}\``, here === undefined ? '–' : `\`${here}\``, note]
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

if (import.meta.main) writeFileSync(page, migratingPage())
