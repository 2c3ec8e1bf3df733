// The tarball as it would be published: its file list, publint's rules, and the types as each resolver sees them.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack } from './pack.ts'

const root = join(import.meta.dirname, '..')
const expected =
  /^(dist\/(src|drivers)\/.+|schema\/wellhead\.schema\.json|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/

const folder = mkdtempSync(join(tmpdir(), 'wellhead-package-'))
try {
  const { tarball, files } = pack(root, folder)
  const stray = files.filter((file) => !expected.test(file))
  if (stray.length > 0) fail(`does not belong into the package: ${stray.join(', ')}`)
  tool('publint/src/cli.js', tarball, '--strict')
  // .attw.json: old resolvers that know no exports are not served (profile), and that require() gets an ES module
  // is meant (ignored rule): every Node that the package supports can require one.
  tool('@arethetypeswrong/cli/dist/index.js', tarball, '--config-path', '.attw.json')
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function tool(path: string, ...args: string[]): void {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', path), ...args], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) fail(`${path} found problems`)
}

function fail(message: string): void {
  console.error(message)
  process.exitCode = 1
}
