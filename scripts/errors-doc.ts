// The tables of docs/errors.md, from the ones that specs check: `npm run docs:errors` writes them between the comments
// `table of NAME` and `end of table`.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  databases,
  expected,
  expectedEffect,
  situations,
  type Database,
  type Situation,
} from '../spec/drivers/situations.ts'
import type { SQLReason, SQLRetry } from '../src/api/sql-exception.ts'

const page = join(import.meta.dirname, '../docs/errors.md')

const reasons: Readonly<Record<SQLReason, string>> = {
  unique: 'a key exists already',
  'foreign-key': 'a row that is referred to is missing, or still referred to',
  'not-null': 'NULL where a value must be',
  check: 'a CHECK, or the condition of a view or a partition',
  exclusion: 'an exclusion constraint of PostgreSQL',
  constraint: 'a constraint, and the database does not say which kind',
  deadlock: 'the database chose this transaction to resolve a deadlock',
  serialization: 'another transaction came between',
  lock: 'a lock is held by this very session or process',
  'lock-timeout': 'a lock was not granted in time, or not at once',
  timeout: 'a deadline passed: one of the call, or one that the server keeps',
  cancelled: 'somebody asked for it',
  'connection-lost': 'the session is gone',
  'connect-failed': 'no session could be opened',
  closed: 'the connection, the pool or the context was closed before',
  auth: 'user, password or certificate refused',
  permission: 'the user may not do this',
  'read-only': 'the session, the transaction or the database only reads',
  'tx-state': 'not within a transaction, or only within one',
  'tx-failed': 'the transaction has failed or ended; it can only be left',
  savepoint: 'no such savepoint',
  cursor: 'a stream or cursor is open, or is not',
  syntax: 'the text is no SQL of this database',
  'undefined-object': 'no such table, column, function, database …',
  'duplicate-object': 'there is one of that name already',
  'statement-invalid': 'it can be read, and makes no sense; or its plan is stale',
  parameter: 'a parameter or setting is missing, too much, or of no possible type',
  data: 'a value does not fit',
  feature: 'the database or the driver has no such thing',
  limit: 'a fixed limit of the database: length, depth, number',
  resource: 'memory, disk, connections or the like ran out for now',
  state: 'an object is in no state for this: in use, depended upon, not open',
  protocol: 'client and server misunderstood each other',
  'user-raised': 'a routine or trigger of the application raised it',
  xa: 'a distributed transaction',
  internal: 'a fault of the database, of the driver, or one that nobody knows',
}

const retries: Readonly<Record<SQLRetry, readonly [means: string, todo: string]>> = {
  no: ['the same request fails again', 'mend the cause'],
  statement: ['nothing was executed, and the transaction lives', 'run the statement again, where it stands'],
  transaction: [
    'all of the transaction is undone, or has to be',
    'run the whole function again: `retries` does it',
  ],
  connect: [
    'nothing was executed',
    'try again on another connection; the pool does so by itself while it may',
  ],
  caller: ['stopped half-way, or for want of something', 'only the application knows whether it is worth it'],
  'unknown-outcome': [
    'it may have been committed',
    'look before you repeat it; nothing repeats it by itself',
  ],
}

const tables: Readonly<Record<string, () => string>> = {
  reasons: () =>
    table(
      ['reason', 'means'],
      Object.entries(reasons).map(([reason, means]) => [code(reason), means]),
    ),
  retries: () =>
    table(
      ['retry', 'means', 'what to do'],
      Object.entries(retries).map(([retry, [means, todo]]) => [code(retry), means, todo]),
    ),
  situations: () =>
    table(
      ['what went wrong', 'exception', 'sqlState', 'reason', 'retry', ...databases],
      situations.map((situation) => [
        situation.name,
        code(situation.class),
        code(situation.sqlState),
        code(situation.reason),
        code(situation.retry),
        ...databases.map((database) => codes(situation, database)),
      ]),
    ),
  differences: () =>
    situations
      .flatMap((situation) =>
        databases.flatMap((database) => {
          const difference = situation.differs?.[database]
          if (difference === undefined) return []
          const { sqlState } = expected(situation, database)
          return [`- ${database}, ${situation.name}: \`${sqlState}\`. ${sentence(difference.why)}`]
        }),
      )
      .join('\n'),
  effects: () => {
    const rows = situations.filter((situation) => situation.context === undefined)
    return table(
      ['on an open transaction', ...databases],
      rows
        .map((situation) => [situation.name, ...databases.map((database) => effects(situation, database))])
        .filter(([, ...cells]) => cells.some((cell, at) => cell !== '' && cell !== usual[at])),
    )
  },
}

const usual = ['`failed`', '`statement`', '`statement`', '`statement`', '`statement`']

/** The text of docs/errors.md with its tables made anew. */
export function errorsPage(written = readFileSync(page, 'utf8')): string {
  return written.replaceAll(
    /(<!-- table of (\w+) -->\n)[\s\S]*?(<!-- end of table -->)/g,
    (_, begin: string, name: string, end: string) => {
      const made = tables[name]
      if (made === undefined) throw new Error(`There is no table of ${name}`)
      return `${begin}\n${made()}\n\n${end}`
    },
  )
}

function codes(situation: Situation, database: Database): string {
  const errors = situation.errors[database]?.map((native) => native.code) ?? []
  return [...new Set(errors)].join(' ')
}

function effects(situation: Situation, database: Database): string {
  const found = new Map<string, string[]>()
  for (const native of situation.errors[database] ?? []) {
    const effect = code(expectedEffect(native, database, 'statement'))
    found.set(effect, [...(found.get(effect) ?? []), native.code])
  }
  if (found.size === 1) return [...found.keys()].join('')
  return Array.from(found, ([effect, natives]) => `${effect} (${natives.join(' ')})`).join(', ')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

function code(text: string): string {
  return `\`${text}\``
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

if (import.meta.main) writeFileSync(page, errorsPage())
