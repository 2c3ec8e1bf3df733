import { existsSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { SQLException } from '../api/sql-exception.ts'
import { CompositeName, withoutEnvironmentPrefix } from '../naming/composite-name.ts'
import { resolveSettings } from '../source/data-source-settings.ts'
import { drivers } from './configuration.ts'
import { UsageError } from './failures.ts'

/** What a new configuration is to be about. */
export interface StartingPoint {
  /** As the application will name it. */
  readonly file: string
  /** A driver, or a url. */
  readonly database: string
  readonly name: string
  /** Where the schema is, for editors. */
  readonly schema: string
}

/** A new configuration. */
export interface StartingConfiguration {
  readonly text: string
  /** The environment variables that have to be set. */
  readonly variables: readonly string[]
}

/** The data source of a new configuration, and what a profile makes of it. */
interface Example {
  readonly settings: readonly string[]
  readonly profile: string
  readonly differences: readonly string[]
}

const passwordVariable = 'DATABASE_PASSWORD'
const passwordLine = `password: { env: ${passwordVariable} } # read anew at every connect`

/** What stands in a file where no url was given, by driver. */
const servers: Readonly<Record<string, { readonly url: string; readonly package: string }>> = {
  pg: { url: 'postgres://app@localhost/app', package: 'pg' },
  mysql: { url: 'mysql://app@localhost/app', package: 'mysql2' },
  mssql: { url: 'mssql://app@localhost/app', package: 'tedious' },
}

/**
 * A commented configuration file.
 *
 * @throws UsageError for a database that no driver is for, and for a url that is wrong.
 */
export function startingConfiguration({
  file,
  database,
  name,
  schema,
}: StartingPoint): StartingConfiguration {
  const key = withoutEnvironmentPrefix(CompositeName.parse(name)).toString()
  if (key === '') throw new UsageError('the name of the data source is empty')
  const { settings, profile, differences } = attempt(() => exampleFor(database))
  const variables = settings.includes(passwordLine) ? [passwordVariable] : []
  const text = `# yaml-language-server: $schema=${schema}
#
# The data sources of this application, by the names that its code uses:
#
#   const context = await InitialContext.fromFile('${file}')
#   const source = context.dataSource('${key}')
#
# 'wellhead check' tells what is in force and whether it works.

# For every data source, unless it says otherwise. These are the built-in defaults.
defaults:
  maximumPoolSize: 10 # connections at most, of each process
  connectionTimeout: 30s # how long a caller waits for one
  # queryTimeout: 30s # how long a statement may take; off by default

dataSources:
  ${yamlText(key)}:
${indented(settings, 4)}
    # Any value may come from an environment variable or a file:
    # maximumPoolSize: { env: POOL_SIZE, default: 10 }
    # password: { file: /run/secrets/database }

# What is different elsewhere, key by key. WELLHEAD_PROFILE chooses one.
profiles:
  ${profile}: # another database, and the same code
    dataSources:
      ${yamlText(key)}:
${indented(differences, 8)}
`
  return { text, variables }
}

/** The schema of the package that is installed for a folder, as its configuration names it. */
export function schemaFrom(folder: string): string {
  const inPackage = join('node_modules', 'wellhead', 'schema', 'wellhead.schema.json')
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, inPackage))) return slashes(relative(folder, join(at, inPackage)))
    if (dirname(at) === at) return slashes(inPackage)
  }
}

function exampleFor(database: string): Example {
  const isUrl = database.includes(':')
  const { name } = isUrl ? drivers.byUrl(database, 'init') : drivers.byName(database, 'init')
  const { url, hasPassword } = isUrl ? withoutPassword(database) : { url: undefined, hasPassword: true }
  if (name === 'sqlite') {
    return {
      settings: [`url: ${yamlText(url ?? 'sqlite:app.db')} # the path starts from the working directory`],
      profile: 'production',
      differences: [`url: postgres://app@db.example/app # ${needs('pg')}`, passwordLine],
    }
  }
  const server = servers[name]
  if (server === undefined) {
    throw new UsageError(`there is no example of a configuration for driver '${name}'`)
  }
  return {
    settings: [
      `url: ${yamlText(url ?? server.url)} # ${needs(server.package)}`,
      ...(hasPassword ? [passwordLine] : []),
    ],
    profile: 'test',
    differences: [
      "url: 'sqlite::memory:' # empty at each start",
      ...(hasPassword ? ['password: ~ # null takes away what the other database does not know'] : []),
    ],
  }
}

function needs(name: string): string {
  return `needs the package ${name}: npm i ${name}`
}

/** What is wrong with the database is wrong with the command line. */
function attempt<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof SQLException ? new UsageError(error.message, { cause: error }) : error
  }
}

/** A url that can be written to a file which everybody reads. */
function withoutPassword(url: string): { readonly url: string; readonly hasPassword: boolean } {
  const { driverSettings, driver } = resolveSettings(drivers, url, 'init')
  const secret = driverSettings['password']
  if (typeof secret !== 'string') return { url, hasPassword: false }
  const stripped = url.replace(/^([a-z]+:\/\/[^/?#:]*):[^/?#]*@/i, '$1@')
  if (driver.parseUrl(stripped)['password'] === undefined) return { url: stripped, hasPassword: true }
  throw new UsageError('the url has its password in the query; write user:password@host')
}

function indented(lines: readonly string[], columns: number): string {
  return lines.map((line) => `${' '.repeat(columns)}${line}`).join('\n')
}

/** As it is where YAML takes it for nothing but a text, else in quotes. */
function yamlText(text: string): string {
  const plain = /^[a-z][\w/.@%?=&+-]*(:[\w/.@%?=&+-]+)*$/i.test(text)
  return plain && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : JSON.stringify(text)
}

function slashes(path: string): string {
  const written = path.split(sep).join('/')
  return written.startsWith('.') ? written : `./${written}`
}
