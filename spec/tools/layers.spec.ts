import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const script = join(import.meta.dirname, '../../scripts/layers.ts')
const folder = mkdtempSync(join(tmpdir(), 'wellhead-layers-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the check over a tree of these files; every file begins with one line of comment, so imports start at 2. */
function check(name: string, files: Record<string, string>) {
  const root = join(folder, name)
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), `// ${file}\n${text}\n`)
  }
  const { status, stderr } = spawnSync(process.execPath, [script, root], { encoding: 'utf8' })
  return { status, problems: stderr.trim().split('\n').filter(Boolean) }
}

describe('layers', () => {
  it('accepts arrows that point down', () => {
    const { status, problems } = check('fine', {
      'src/api/a.ts': `import type { B } from './b.ts'\nexport type A = B`,
      'src/api/b.ts': `import type { A } from './a.ts'\nexport type B = A | 1 // types may refer to each other`,
      'src/sql/scan.ts': `const text = "import '../pool/x.ts'" // '/*'\nimport '../api/a.ts'`,
      'src/spi/settings.ts': `import { strictObject } from 'valibot'`,
      'src/pool/pool.ts': `import '../spi/settings.ts'\nimport '../sql/scan.ts'\nimport 'node:events'`,
      'src/naming/file.ts': `const yaml = () => import('yaml')\nimport '../pool/pool.ts'`,
      'src/drivers.ts': `import './naming/file.ts'\nimport '../drivers/sqlite/settings.ts'\nexport const sqlite = () => import('../drivers/sqlite/index.ts')`,
      'src/index.ts': `export * from './drivers.ts'\nexport * from './pool/pool.ts'`,
      'src/testing/index.ts': `import '../spi/x.ts'`,
      'drivers/sqlite/index.ts': `import 'node:sqlite'\nimport './rows.ts'\nexport * from '../../src/spi/x.ts'`,
    })
    expect(problems).toEqual([])
    expect(status).toBe(0)
  })

  it('names every arrow that points up, sideways or outside, with file and line', () => {
    const { status, problems } = check('wrong', {
      'src/api/up.ts': `\nimport type { Pool } from '../pool/pool.ts'`,
      'src/sql/up.ts': `export type { Driver } from '../spi/driver.ts'`,
      'src/session/up.ts': `export * from '../pool/pool.ts'`,
      'src/pool/up.ts': `const later = () => import('../naming/context.ts')`,
      'src/source/driver.ts': `const driver = () => import('../../drivers/sqlite/index.ts')`,
      'src/naming/up.ts': `import '../index.ts'`,
      'src/drivers.ts': `import '../drivers/sqlite/index.ts'`,
      'src/cli/sideways.ts': `import '../console/page.ts'`,
      'src/testing/up.ts': `import '../pool/pool.ts'`,
      'src/attic/new.ts': `import '../api/a.ts'`,
      'src/pool/outside.ts': `import '../../bench/run.ts'`,
      'drivers/pg/index.ts': `import { rows } from '../sqlite/rows.ts'`,
      'drivers/sqlite/up.ts': `import '../../src/pool/pool.ts'`,
      'src/spi/packages.ts': `import 'yaml'\nimport 'node:sqlite'\nimport 'pg'\nimport '@scope/name/part'\nimport 'wellhead'\nimport 'mysql2'`,
    })
    expect(problems.toSorted()).toEqual([
      'drivers/pg/index.ts:2: driver pg imports driver sqlite',
      'drivers/sqlite/up.ts:2: driver sqlite imports pool (src/pool/pool.ts)',
      'src/api/up.ts:3: api imports pool (src/pool/pool.ts)',
      'src/attic/new.ts:2: src/attic has no place in scripts/layers.ts',
      'src/cli/sideways.ts:2: cli imports console (src/console/page.ts)',
      'src/drivers.ts:2: src/drivers.ts imports a driver statically (drivers/sqlite/index.ts)',
      'src/naming/up.ts:2: naming imports index.ts (src/index.ts)',
      'src/pool/outside.ts:2: bench/run.ts is outside src/ and drivers/',
      'src/pool/up.ts:2: pool imports naming (src/naming/context.ts)',
      'src/session/up.ts:2: session imports pool (src/pool/pool.ts)',
      'src/source/driver.ts:2: only src/drivers.ts knows the drivers (drivers/sqlite/index.ts)',
      'src/spi/packages.ts:2: yaml belongs to src/naming/',
      'src/spi/packages.ts:3: node:sqlite belongs to drivers/sqlite/',
      'src/spi/packages.ts:4: pg belongs to drivers/pg/',
      'src/spi/packages.ts:5: @scope/name is not a package that the sources may import',
      'src/spi/packages.ts:6: wellhead is not a package that the sources may import',
      'src/spi/packages.ts:7: mysql2 belongs to drivers/mysql/',
      'src/sql/up.ts:2: sql imports spi (src/spi/driver.ts)',
      'src/testing/up.ts:2: testing imports pool (src/pool/pool.ts)',
    ])
    expect(status).toBe(1)
  })

  it('reports files that import one another in a circle', () => {
    const { status, problems } = check('circle', {
      'src/pool/a.ts': `import './b.ts'`,
      'src/pool/b.ts': `\nexport { c } from './c.ts'`,
      'src/pool/c.ts': `import { type A } from './a.ts'`,
      'src/pool/self.ts': `import './self.ts'`,
    })
    expect(problems).toEqual([
      'src/pool/a.ts:2: circle src/pool/a.ts → src/pool/b.ts → src/pool/c.ts → src/pool/a.ts',
      'src/pool/self.ts:2: circle src/pool/self.ts → src/pool/self.ts',
    ])
    expect(status).toBe(1)
  })

  it('fails on an empty tree instead of passing over nothing', () => {
    const { status, problems } = check('empty', { 'docs/readme.ts': '' })
    expect(problems).toHaveLength(1)
    expect(status).toBe(1)
  })
})
