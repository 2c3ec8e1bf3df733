// Makes few files of the modules that were compiled to `dist`: loading a hundred files takes three times as long as
// loading what is in them. Who imports the package meets the same entries, and one copy of what they share.
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'dist')
const { exports, bin, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
  readonly bin: Readonly<Record<string, string>>
  readonly engines: { readonly node: string }
}

/** What is imported by its name, run as a command, or run as a thread or process of a driver. */
const entryPoints = [
  ...Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [] : [entry.default])),
  ...Object.values(bin),
  ...globSync('dist/drivers/*/*-entry.js', { cwd: root }),
]

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints,
  outdir: folder,
  outbase: folder,
  // As deep as the folders of the sources: some look for files beside them.
  chunkNames: 'src/chunks/[hash]',
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: `node${/\d+\.\d+/.exec(engines.node)![0]}`,
  logLevel: 'warning',
  write: false,
})
for (const file of globSync('**/*.js', { cwd: folder })) rmSync(join(folder, file))
for (const { path, contents } of outputFiles) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, contents)
}
