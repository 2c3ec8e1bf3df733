import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { errorsPage } from '../../scripts/errors-doc.ts'

it('docs/errors.md shows the tables that specs check: npm run docs:errors', () => {
  const written = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8')
  expect(written).toBe(errorsPage())
})
