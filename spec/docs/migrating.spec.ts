import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { migratingPage } from '../../scripts/migrating-doc.ts'

it('docs/migrating.md has the names that messages have: npm run docs:migrating', () => {
  const written = readFileSync(join(import.meta.dirname, '../../docs/migrating.md'), 'utf8')
  expect(written).toBe(migratingPage())
  expect(written).toContain('| `max` | `maximumPoolSize` |')
  // A section without its comments would never be made.
  expect(written.match(/<!-- names of /g)).toHaveLength(5)
})
