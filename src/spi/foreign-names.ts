/** What another library calls a setting, and what it is called here. */
export interface ForeignName {
  readonly name: string
  /** The libraries that call it so: `pg.Pool`. */
  readonly of: readonly [string, ...string[]]
  /** The name here. Undefined: there is no such setting, and `note` says what is in its place. */
  readonly here?: string
  /** Where more differs than the name: the unit, the value. */
  readonly note?: string
}

const milliseconds = "in milliseconds, or with a unit: '30s'"
const besideUrl = 'what is in it stands beside url'
const asTls = "'verify-full' checks the certificate, 'require' believes anybody, 'disable' is without TLS"
const oneByOne = 'connections are closed when their time comes'

/**
 * The names that people bring along from other libraries. Those that mean here what they mean there are not in it.
 *
 * Sources: the type declarations of pg 8, mysql2 3, tarn 3, Knex 3, postgres 3; the manuals of node-mssql, HikariCP,
 * Sequelize, TypeORM, Prisma, Commons DBCP, pgjdbc and libpq.
 */
export const foreignNames: readonly ForeignName[] = [
  { name: 'max', of: ['pg.Pool', 'Knex', 'node-mssql', 'Sequelize', 'postgres.js'], here: 'maximumPoolSize' },
  { name: 'connectionLimit', of: ['mysql2'], here: 'maximumPoolSize' },
  { name: 'connection_limit', of: ['Prisma'], here: 'maximumPoolSize' },
  { name: 'poolSize', of: ['TypeORM'], here: 'maximumPoolSize' },
  { name: 'maxTotal', of: ['Commons DBCP'], here: 'maximumPoolSize' },
  { name: 'maxActive', of: ['Tomcat JDBC', 'Commons DBCP 1'], here: 'maximumPoolSize' },
  { name: 'min', of: ['pg.Pool', 'Knex', 'node-mssql', 'Sequelize'], here: 'minimumIdle' },
  { name: 'minIdle', of: ['Commons DBCP', 'Tomcat JDBC'], here: 'minimumIdle' },
  { name: 'initialSize', of: ['Commons DBCP', 'Tomcat JDBC'], here: 'minimumIdle' },
  {
    name: 'maxIdle',
    of: ['mysql2', 'Commons DBCP', 'Tomcat JDBC'],
    here: 'softPoolSize',
    note: 'which counts connections in use as well',
  },
  {
    name: 'idleTimeoutMillis',
    of: ['pg.Pool', 'Knex', 'node-mssql'],
    here: 'idleTimeout',
    note: milliseconds,
  },
  { name: 'idle', of: ['Sequelize'], here: 'idleTimeout', note: milliseconds },
  {
    name: 'idle_timeout',
    of: ['postgres.js'],
    here: 'idleTimeout',
    note: 'in milliseconds, not seconds, or with a unit',
  },
  {
    name: 'connectionTimeoutMillis',
    of: ['pg.Pool'],
    here: 'connectionTimeout',
    note: `${milliseconds}; 0 does not mean for ever`,
  },
  { name: 'acquireTimeoutMillis', of: ['Knex', 'node-mssql'], here: 'connectionTimeout', note: milliseconds },
  { name: 'acquireConnectionTimeout', of: ['Knex'], here: 'connectionTimeout', note: milliseconds },
  { name: 'acquireTimeout', of: ['mysql'], here: 'connectionTimeout', note: milliseconds },
  { name: 'acquire', of: ['Sequelize'], here: 'connectionTimeout', note: milliseconds },
  {
    name: 'pool_timeout',
    of: ['Prisma'],
    here: 'connectionTimeout',
    note: 'in milliseconds, not seconds, or with a unit',
  },
  { name: 'maxWaitMillis', of: ['Commons DBCP'], here: 'connectionTimeout', note: milliseconds },
  { name: 'createTimeoutMillis', of: ['Knex', 'node-mssql'], here: 'loginTimeout', note: milliseconds },
  { name: 'connectTimeout', of: ['mysql2', 'Tedious'], here: 'loginTimeout', note: milliseconds },
  { name: 'connectTimeoutMS', of: ['TypeORM'], here: 'loginTimeout', note: milliseconds },
  {
    name: 'connect_timeout',
    of: ['libpq', 'postgres.js', 'Prisma'],
    here: 'loginTimeout',
    note: 'in milliseconds, not seconds, or with a unit',
  },
  {
    name: 'maxLifetimeSeconds',
    of: ['pg.Pool'],
    here: 'maxLifetime',
    note: 'in milliseconds, not seconds, or with a unit',
  },
  {
    name: 'max_lifetime',
    of: ['postgres.js'],
    here: 'maxLifetime',
    note: 'in milliseconds, not seconds, or with a unit',
  },
  { name: 'maxConnectionLifetimeMillis', of: ['Knex'], here: 'maxLifetime', note: milliseconds },
  {
    name: 'maxConnectionLifetimeJitterMillis',
    of: ['Knex'],
    note: 'maxLifetime is shortened at random by itself',
  },
  {
    name: 'queueLimit',
    of: ['mysql2'],
    here: 'maxWaiters',
    note: "0 lets nobody wait; without a limit it is 'unlimited'",
  },
  {
    name: 'waitForConnections',
    of: ['mysql2'],
    note: 'getConnection always waits, for connectionTimeout at most',
  },
  { name: 'query_timeout', of: ['pg.Pool'], here: 'queryTimeout', note: milliseconds },
  { name: 'requestTimeout', of: ['node-mssql', 'Tedious'], here: 'queryTimeout', note: milliseconds },
  { name: 'statement_timeout', of: ['pg.Pool'], here: 'statementTimeout', note: milliseconds },
  { name: 'lock_timeout', of: ['pg.Pool'], here: 'lockTimeout', note: milliseconds },
  {
    name: 'idle_in_transaction_session_timeout',
    of: ['pg.Pool'],
    here: 'idleInTransactionTimeout',
    note: milliseconds,
  },
  {
    name: 'keepAliveInitialDelayMillis',
    of: ['pg.Pool'],
    here: 'keepAlive',
    note: milliseconds,
  },
  { name: 'keepAliveInitialDelay', of: ['mysql2'], here: 'keepAlive', note: milliseconds },
  { name: 'enableKeepAlive', of: ['mysql2'], here: 'keepAlive', note: "a time, or 'off'" },
  {
    name: 'removeAbandonedTimeout',
    of: ['Commons DBCP', 'Tomcat JDBC'],
    here: 'leakDetectionThreshold',
    note: 'in milliseconds, not seconds, or with a unit',
  },
  {
    name: 'removeAbandonedOnBorrow',
    of: ['Commons DBCP'],
    here: 'leakReclaim',
    note: 'with leakDetectionThreshold; from those on whose connections nothing runs',
  },
  {
    name: 'removeAbandoned',
    of: ['Tomcat JDBC'],
    here: 'leakReclaim',
    note: 'with leakDetectionThreshold; from those on whose connections nothing runs',
  },
  {
    name: 'logAbandoned',
    of: ['Commons DBCP', 'Tomcat JDBC'],
    here: 'leakStackSampling',
    note: '1 for true',
  },
  {
    name: 'connectionTestQuery',
    of: ['HikariCP'],
    note: 'the driver has a cheaper check; validateAfterIdle says when it is made',
  },
  {
    name: 'validationQuery',
    of: ['Commons DBCP', 'Tomcat JDBC'],
    note: 'the driver has a cheaper check; validateAfterIdle says when it is made',
  },
  {
    name: 'testOnBorrow',
    of: ['Commons DBCP', 'Tomcat JDBC'],
    here: 'validateAfterIdle',
    note: '0 for always',
  },
  { name: 'reapIntervalMillis', of: ['Knex', 'node-mssql'], note: oneByOne },
  { name: 'evict', of: ['Sequelize'], note: oneByOne },
  {
    name: 'createRetryIntervalMillis',
    of: ['Knex'],
    note: 'failed connects are repeated by themselves, after growing pauses',
  },
  { name: 'propagateCreateError', of: ['Knex'], note: 'who waits is told of wrong credentials at once' },
  { name: 'destroyTimeoutMillis', of: ['Knex'], note: 'a slot is free when the connection is gone' },
  { name: 'resetOnRelease', of: ['mysql2'], here: 'sessionReset', note: "'always', 'auto' or 'never'" },
  {
    name: 'afterCreate',
    of: ['Knex'],
    here: 'connectionInitSql',
    note: 'statements in place of a function',
  },
  {
    name: 'onConnect',
    of: ['pg.Pool'],
    here: 'connectionInitSql',
    note: 'statements in place of a function',
  },
  { name: 'parseInt8', of: ['pg'], here: 'integers', note: "'safe'" },
  { name: 'supportBigNumbers', of: ['mysql2'], here: 'integers', note: "'bigint' or 'safe'" },
  { name: 'bigNumberStrings', of: ['mysql2'], here: 'integers', note: "'bigint' or 'safe'" },
  { name: 'dateStrings', of: ['mysql2'], note: 'dates and times are always texts' },
  { name: 'namedPlaceholders', of: ['mysql2'], note: 'parameters are a list, or values within sql`…`' },
  { name: 'multipleStatements', of: ['mysql2'], note: 'connection.script() runs several statements' },
  { name: 'connectionString', of: ['pg.Pool', 'node-mssql'], here: 'url' },
  { name: 'uri', of: ['mysql2'], here: 'url' },
  { name: 'jdbcUrl', of: ['HikariCP'], here: 'url', note: "without 'jdbc:'" },
  { name: 'server', of: ['node-mssql', 'Tedious'], here: 'host' },
  { name: 'hostaddr', of: ['libpq'], here: 'host' },
  { name: 'username', of: ['HikariCP', 'Sequelize', 'TypeORM', 'postgres.js'], here: 'user' },
  { name: 'dbname', of: ['libpq'], here: 'database' },
  { name: 'catalog', of: ['HikariCP'], here: 'database' },
  { name: 'application_name', of: ['pg.Pool', 'libpq'], here: 'applicationName' },
  { name: 'fallback_application_name', of: ['pg.Pool', 'libpq'], here: 'applicationName' },
  { name: 'ssl', of: ['pg.Pool', 'mysql2', 'TypeORM', 'postgres.js'], here: 'tls', note: asTls },
  { name: 'sslmode', of: ['libpq'], here: 'tls', note: asTls },
  { name: 'sslrootcert', of: ['libpq'], here: 'tls', note: '{ ca: { file: PATH } }' },
  { name: 'encrypt', of: ['node-mssql', 'Tedious'], here: 'tls', note: asTls },
  { name: 'trustServerCertificate', of: ['node-mssql', 'Tedious'], here: 'tls', note: "'require'" },
  { name: 'searchPath', of: ['Knex'], here: 'serverSettings', note: '{ search_path: … }' },
  { name: 'currentSchema', of: ['pgjdbc'], here: 'serverSettings', note: '{ search_path: … }' },
  {
    name: 'schema',
    of: ['HikariCP', 'TypeORM', 'Prisma'],
    here: 'serverSettings',
    note: '{ search_path: … }',
  },
  { name: 'filename', of: ['Knex'], here: 'path' },
  { name: 'storage', of: ['Sequelize'], here: 'path' },
  { name: 'client', of: ['Knex'], here: 'driver' },
  { name: 'dialect', of: ['Sequelize'], here: 'driver' },
  { name: 'type', of: ['TypeORM'], here: 'driver' },
  { name: 'driverClassName', of: ['HikariCP'], here: 'driver' },
  { name: 'dataSourceClassName', of: ['HikariCP'], here: 'driver' },
  { name: 'dataSourceProperties', of: ['HikariCP'], note: besideUrl },
  { name: 'connection', of: ['Knex'], note: besideUrl },
  { name: 'pool', of: ['Knex', 'node-mssql', 'Sequelize'], note: besideUrl },
  { name: 'options', of: ['node-mssql', 'Tedious'], note: besideUrl },
  { name: 'extra', of: ['TypeORM'], note: besideUrl },
  { name: 'dialectOptions', of: ['Sequelize'], note: besideUrl },
  {
    name: 'exceptionOverrideClassName',
    of: ['HikariCP'],
    here: 'exceptionOverride',
    note: 'a function, in code',
  },
  { name: 'poolName', of: ['HikariCP'], note: 'a data source is called by the name that it is bound to' },
  {
    name: 'autoCommit',
    of: ['HikariCP'],
    note: 'connections are lent in auto-commit; transaction() and setAutoCommit() leave it',
  },
  { name: 'transactionIsolation', of: ['HikariCP'], note: 'it is an option of transaction()' },
  { name: 'readOnly', of: ['HikariCP'], note: 'it is an option of getConnection() and transaction()' },
  { name: 'registerMbeans', of: ['HikariCP'], note: 'statistics() and on() tell what the pool does' },
]

/** What other libraries, and JDBC, call the drivers. */
const foreignDrivers: Readonly<Record<string, string>> = {
  postgres: 'pg',
  postgresql: 'pg',
  'pg-native': 'pg',
  pgsql: 'pg',
  'org.postgresql.driver': 'pg',
  'org.postgresql.ds.pgsimpledatasource': 'pg',
  sqlite3: 'sqlite',
  'better-sqlite3': 'sqlite',
  'node:sqlite': 'sqlite',
  'org.sqlite.jdbc': 'sqlite',
  mysql2: 'mysql',
  mariadb: 'mysql',
  'com.mysql.cj.jdbc.driver': 'mysql',
  'org.mariadb.jdbc.driver': 'mysql',
  tedious: 'mssql',
  'com.microsoft.sqlserver.jdbc.sqlserverdriver': 'mssql',
}

const byName = new Map(foreignNames.map((foreign) => [foreign.name, foreign]))

/**
 * For somebody who wrote the name of another library: `'max' is pg.Pool's name (…); here 'maximumPoolSize'`.
 *
 * @param isSetting Whether the data source has a setting of that name.
 */
export function foreignNameHint(name: string, isSetting: (name: string) => boolean): string | undefined {
  const foreign = byName.get(name)
  if (foreign === undefined) return undefined
  const { here, note } = foreign
  const whose = `'${name}' is ${possessive(foreign.of)}`
  if (here === undefined) return `${whose}; there is no such setting here: ${note}`
  // `url` and `driver` are in no table: they choose it.
  if (here === 'url' || here === 'driver' || isSetting(here)) {
    return `${whose}; here '${here}'${note === undefined ? '' : ` (${note})`}`
  }
  return `${whose}; '${here}', as it is called here, is no setting of this driver`
}

/** The name here of a driver that has another one elsewhere. */
export function driverByForeignName(name: string): string | undefined {
  const key = name.toLowerCase()
  return Object.hasOwn(foreignDrivers, key) ? foreignDrivers[key] : undefined
}

function possessive([first, ...others]: ForeignName['of']): string {
  if (others.length === 0) return `${first}'s name`
  return `${first}'s name (and ${others.map((other) => `${other}'s`).join(', ')})`
}
