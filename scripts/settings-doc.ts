// The settings, as a page: `npm run docs:settings` writes docs/settings.md from the tables that validate them.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mssqlDescriptor } from '../drivers/mssql/settings.ts'
import { mySqlDescriptor } from '../drivers/mysql/settings.ts'
import { pgDescriptor } from '../drivers/pg/settings.ts'
import { sqliteDescriptor } from '../drivers/sqlite/settings.ts'
import { poolSettings } from '../src/pool/settings.ts'
import type { SettingsTable } from '../src/spi/settings.ts'

/** The text of docs/settings.md. */
export function settingsPage(): string {
  return `# Settings

Made from the tables that validate them. A length of time is milliseconds or a text such as \`'30s'\`, \`'250ms'\`, \`'10m'\`;
\`'off'\` and \`'unlimited'\` are words, and 0 means zero. Names are HikariCP's where it has the concept.

## Of every data source

\`url\` chooses the driver and may carry settings as query keys; \`driver\` names it, or is one. What is given beside the url wins.

${table(poolSettings)}

## SQLite

A url is \`sqlite:relative/path.db\`, \`sqlite:///absolute/path.db\` or \`sqlite::memory:\`; a path with \`?\` or \`%\` in it is written with
percent escapes, or given as \`path\` beside \`driver: sqlite\`. A relative path starts from the working directory.

${table(sqliteDescriptor.settings)}

## PostgreSQL

A url is \`postgres://user:password@host:5432/database\`, with percent escapes where a part holds \`:\`, \`/\`, \`?\`, \`#\`, \`@\` or \`%\`. The
folder of a unix socket stands in the place of the host, escaped, or is given as \`?host=/run/postgresql\`. \`sslmode\`, \`ssl\`,
\`encrypt\` and \`application_name\` are understood. The package \`pg\` is installed by the application: \`npm i pg@^8.23.1\`.

${table(pgDescriptor.settings)}

## MySQL and MariaDB

A url is \`mysql://user:password@host:3306/database\`, or \`mariadb://…\`, with percent escapes as above; several hosts stand one after
the other, \`a.example:3306,b.example:3307\`, and a unix socket is \`?socketPath=/run/mysqld/mysqld.sock\`. \`ssl-mode\`, \`ssl\` and \`encrypt\`
are understood. The package \`mysql2\` is installed by the application: \`npm i mysql2@^3.24.0\`.

${table(mySqlDescriptor.settings)}

## SQL Server

A url is \`mssql://user:password@host:1433/database\`, or \`sqlserver://…\`, with percent escapes as above. \`encrypt\` and \`ssl\` are
understood. The package \`tedious\` is installed by the application: \`npm i tedious@^20.3.0\`. What is said here of SQL Server was tested
against a test double of it, not against a server of Microsoft.

${table(mssqlDescriptor.settings)}
`
}

function table(settings: SettingsTable): string {
  const rows = Object.entries(settings).map(
    ([name, { default: value, meaning }]) => `| \`${name}\` | ${shown(value)} | ${meaning} |`,
  )
  return ['| setting | default | meaning |', '|---|---|---|', ...rows].join('\n')
}

function shown(value: unknown): string {
  return typeof value === 'object' || value === undefined ? '–' : `\`${value as string | number}\``
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../docs/settings.md'), settingsPage())
