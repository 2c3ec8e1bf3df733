import { existsSync } from 'node:fs'

/** What the commands know of a database beyond its driver. */
export interface DatabaseFacts {
  readonly product: string
  /** The oldest major version that the specs of the driver run on. Default: any. */
  readonly oldestTested?: number | undefined
  /** So that a statement can be interrupted. Default: as configured. */
  readonly forQueries?: Readonly<Record<string, unknown>> | undefined
  /** Why connecting would do more than to look. Default: it never does. */
  whyNotConnect?(settings: Readonly<Record<string, unknown>>): string | undefined
  /** Asks how many connections there may be, as rows of {@link ConnectionLimit}. Default: there is no limit. */
  readonly limits?: string | undefined
  /** Whether the answer to `limits` is about this data source. Default: it is. */
  limitsCount?(settings: Readonly<Record<string, unknown>>): boolean
}

/** How many connections something gives: a server, a database, a role. */
export interface ConnectionLimit {
  /** The same for all data sources that share the limit. */
  readonly key: string
  /** What gives them: `the server`. */
  readonly what: string
  readonly maximum: number
}

/**
 * What a server keeps for its administrators does not count; a superuser has no limit of his own.
 *
 * The start of a server is told to everybody, and no two are the same to the microsecond: it tells servers apart.
 */
const pgLimits = `
  WITH server AS (SELECT extract(epoch FROM pg_postmaster_start_time())::text AS id)
  SELECT id AS "key", 'the server' AS "what",
         current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
           - coalesce(current_setting('reserved_connections', true), '0')::int AS "maximum"
    FROM server
  UNION ALL
  SELECT id || ' database ' || datname, 'the database ' || datname, datconnlimit
    FROM server, pg_database WHERE datname = current_database() AND datconnlimit >= 0
  UNION ALL
  SELECT id || ' role ' || rolname, 'the role ' || rolname, rolconnlimit
    FROM server, pg_roles WHERE rolname = current_user AND rolconnlimit >= 0 AND NOT rolsuper`

/** A server is told from others by where it is and what it writes its number to. */
const mysqlLimits = `
  SELECT CONCAT_WS(' ', @@hostname, @@port, @@pid_file) AS \`key\`, 'the server' AS \`what\`, @@max_connections AS \`maximum\`
  UNION ALL
  SELECT CONCAT_WS(' ', @@hostname, @@port, @@pid_file, 'user', CURRENT_USER()),
         CONCAT('the user ', CURRENT_USER()), @@max_user_connections
    FROM DUAL WHERE @@max_user_connections > 0`

const facts: Readonly<Record<string, DatabaseFacts>> = {
  sqlite: {
    product: 'SQLite',
    // In a process of its own a statement can be ended while it runs.
    forQueries: { mode: 'process' },
    whyNotConnect({ path }) {
      if (typeof path !== 'string' || path === ':memory:' || existsSync(path)) return undefined
      return `${path} does not exist yet: the first connection creates it`
    },
  },
  pg: {
    product: 'PostgreSQL',
    oldestTested: 15,
    limits: pgLimits,
    // A pooler in front gives connections of its own.
    limitsCount: ({ pooler }) => pooler === 'none',
  },
  mysql: { product: 'MySQL/MariaDB', limits: mysqlLimits },
}

export function factsOf(driver: string): DatabaseFacts {
  return facts[driver] ?? { product: driver }
}

/** Which database it is, in few words: never a user or a password. */
export function describeDatabase(settings: Readonly<Record<string, unknown>>): string {
  const { path, host, port, database } = settings
  if (typeof path === 'string') return path
  if (typeof host !== 'string') return ''
  const address = host.startsWith('/') ? host : `${host}:${String(port)}`
  return typeof database === 'string' ? `${address}/${database}` : address
}
