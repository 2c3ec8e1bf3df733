import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { performancePage } from '../../scripts/performance-doc.ts'

it('docs/performance/README.md is what the reports say: npm run docs:performance', () => {
  const written = readFileSync(join(import.meta.dirname, '../../docs/performance/README.md'), 'utf8')
  expect(written).toBe(performancePage())
})
