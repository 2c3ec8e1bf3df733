import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { settingsPage } from '../../scripts/settings-doc.ts'

it('docs/settings.md is what the tables say: npm run docs:settings', () => {
  const written = readFileSync(join(import.meta.dirname, '../../docs/settings.md'), 'utf8')
  expect(written).toBe(settingsPage())
})
