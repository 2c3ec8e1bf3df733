import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { folder, performancePages } from '../../scripts/performance-doc.ts'

it('docs/performance holds what the reports say, and nothing else: npm run docs:performance', () => {
  const pages = performancePages()
  for (const [file, text] of pages) expect(readFileSync(join(folder, file), 'utf8'), file).toBe(text)
  const written = readdirSync(folder).filter((file) => !file.endsWith('.json'))
  expect(written.toSorted()).toEqual([...pages.keys()].filter((file) => !file.includes('/')).toSorted())
})
