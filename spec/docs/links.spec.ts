import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

describe.each(['README.md', 'CONTRIBUTING.md', ...globSync('docs/*.md', { cwd: root })])('%s', (name) => {
  it('links to files that exist', () => {
    const text = readFileSync(join(root, name), 'utf8')
    const targets = Array.from(
      text.matchAll(/\]\(([^)\s#]+)[^)]*\)|\bsrc="([^"]+)"/g),
      (match) => match[1] ?? match[2]!,
    )
    const files = targets.filter((target) => !/^[a-z]+:/.test(target))
    expect(files.filter((file) => !existsSync(join(root, dirname(name), file)))).toEqual([])
  })
})

describe('README.md', () => {
  it('is read in a few minutes', () => {
    expect(readFileSync(join(root, 'README.md'), 'utf8').split('\n').length).toBeLessThanOrEqual(121)
  })
})
