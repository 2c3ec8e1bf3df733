// Rooms and their arrows: `node scripts/layers.ts [root]`. What a room may see is said here and nowhere else.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { parseSync } from 'oxc-parser'

/** Each room sees itself and the rooms before it. */
const chain = ['api', 'sql', 'spi', 'session', 'pool', 'source', 'naming', 'drivers.ts']
/** Outer rooms see the whole chain and themselves, never one another. */
const outer = ['index.ts', 'cli', 'telemetry', 'console', 'tier', 'interop']
/** What a driver is built on; the scripted driver in `testing` is one, and `spi.ts` is their entry. */
const forDrivers = ['api', 'sql', 'spi', 'session']

const visible = new Map<string, readonly string[]>([
  ...chain.map((room, at) => [room, chain.slice(0, at + 1)] as const),
  ...outer.map((room) => [room, [...chain, room]] as const),
  ['spi.ts', [...forDrivers, 'spi.ts']],
  ['sql.ts', ['api', 'sql', 'sql.ts']],
  ['json.ts', ['api', 'json.ts']],
  ['cli', [...chain, 'json.ts', 'cli']],
  ['typedi.ts', [...chain, 'typedi.ts']],
  ['testing', [...forDrivers, 'testing']],
])

/** Packages and restricted builtins, with the folders that may import them. Other builtins are free. */
const packages: Record<string, readonly string[]> = {
  commander: ['src/cli/'],
  valibot: ['src/spi/', 'drivers/'],
  yaml: ['src/naming/'],
  'node:sqlite': ['drivers/sqlite/'],
  mysql2: ['drivers/mysql/'],
  pg: ['drivers/pg/'],
  'pg-copy-streams': ['drivers/pg/'],
  tedious: ['drivers/mssql/'],
  typedi: ['src/typedi.ts'],
}

interface Import {
  readonly from: string
  readonly line: number
  readonly specifier: string
  readonly kind: 'value' | 'type' | 'dynamic'
}

const root = process.argv[2] ?? join(import.meta.dirname, '..')
const files = globSync('{src,drivers}/**/*.ts', { cwd: root })
  .map((file) => file.replaceAll('\\', '/'))
  .toSorted()
const imports = files.flatMap(readImports)
const problems = [...imports.flatMap(arrowProblems), ...circles()]
for (const problem of problems) console.error(problem)
if (files.length === 0) console.error(`no TypeScript files under ${root}/src or ${root}/drivers`)
process.exitCode = problems.length === 0 && files.length > 0 ? 0 : 1

function readImports(from: string): Import[] {
  const text = readFileSync(join(root, from), 'utf8')
  const { module } = parseSync(from, text)
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length
  // `import { type A }` leaves an import behind when the types are removed, `import type { A }` does not.
  const kindOf = (start: number) => (/^(import|export)\s+type\b/.test(text.slice(start)) ? 'type' : 'value')
  const named = (start: number, specifier: string, kind: Import['kind']): Import => ({
    from,
    line: lineAt(start),
    specifier,
    kind,
  })
  return [
    ...module.staticImports.map((i) => named(i.start, i.moduleRequest.value, kindOf(i.start))),
    ...module.staticExports.flatMap((statement) => {
      const source = statement.entries.find((entry) => entry.moduleRequest)?.moduleRequest
      return source ? [named(statement.start, source.value, kindOf(statement.start))] : []
    }),
    ...module.dynamicImports.map((i) => {
      const argument = text.slice(i.moduleRequest.start, i.moduleRequest.end)
      return named(i.start, /^['"`](.*)['"`]$/s.exec(argument)?.[1] ?? '', 'dynamic')
    }),
  ]
}

function arrowProblems(i: Import): string[] {
  const problem = i.specifier.startsWith('.') ? roomProblem(i) : packageProblem(i)
  return problem ? [`${i.from}:${i.line}: ${problem}`] : []
}

function packageProblem({ from, specifier }: Import): string | undefined {
  if (specifier === '') return undefined // computed at run time: an application's own choice, not an arrow
  const name = specifier.startsWith('node:')
    ? specifier
    : specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/')
  const folders = packages[name]
  if (folders === undefined) {
    return name.startsWith('node:') ? undefined : `${name} is not a package that the sources may import`
  }
  return folders.some((folder) => from.startsWith(folder))
    ? undefined
    : `${name} belongs to ${folders.join(', ')}`
}

function roomProblem(i: Import): string | undefined {
  const target = resolve(i)
  const [fromTop, fromRoom = ''] = i.from.split('/')
  const [top, room = ''] = target.split('/')
  if (top === 'drivers') {
    if (fromTop === 'drivers') {
      return fromRoom === room ? undefined : `driver ${fromRoom} imports driver ${room}`
    }
    if (i.from !== 'src/drivers.ts') return `only src/drivers.ts knows the drivers (${target})`
    // What describes a driver without loading it: its names and its table of settings.
    const describes = posix.basename(target) === 'settings.ts'
    return i.kind === 'dynamic' || describes
      ? undefined
      : `src/drivers.ts imports a driver statically (${target})`
  }
  if (top !== 'src') return `${target} is outside src/ and drivers/`
  const rooms = fromTop === 'drivers' ? forDrivers : visible.get(fromRoom)
  if (rooms === undefined) return `src/${fromRoom} has no place in scripts/layers.ts`
  const importer = fromTop === 'drivers' ? `driver ${fromRoom}` : fromRoom
  return rooms.includes(room) ? undefined : `${importer} imports ${room} (${target})`
}

function resolve(i: Import): string {
  return posix.join(dirname(i.from), i.specifier)
}

/** Files that need one another to be evaluated first. Types are gone by then and count for rooms only. */
function circles(): string[] {
  const edges = new Map<string, Import[]>()
  for (const i of imports) {
    if (i.kind !== 'value' || !i.specifier.startsWith('.')) continue
    edges.set(i.from, [...(edges.get(i.from) ?? []), i])
  }
  const found: string[] = []
  const done = new Set<string>()
  const visit = (file: string, path: Import[]): void => {
    const start = path.findIndex((i) => i.from === file)
    if (start >= 0) {
      const circle = path.slice(start)
      found.push(`${file}:${circle[0]?.line}: circle ${[...circle.map((i) => i.from), file].join(' → ')}`)
      return
    }
    if (done.has(file)) return
    for (const i of edges.get(file) ?? []) visit(resolve(i), [...path, i])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  return found
}
