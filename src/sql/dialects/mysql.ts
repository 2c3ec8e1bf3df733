import type { Dialect, QuoteRule } from '../dialect.ts'
import { changesData, changesSession, controls, each, reads, runsUnseen } from './traits.ts'

/** Settings of a MySQL or MariaDB session that its lexer depends on. */
export interface MysqlDialectOptions {
  /** `NO_BACKSLASH_ESCAPES` in `sql_mode`; the server's status flag 0x200. Default: false. */
  readonly noBackslashEscapes?: boolean | undefined
  /** `ANSI_QUOTES` in `sql_mode`. Default: false. */
  readonly ansiQuotes?: boolean | undefined
  /** Which server: only MariaDB runs what stands in a comment that begins with `M!`. Default: `mysql`. */
  readonly flavor?: 'mysql' | 'mariadb' | undefined
}

/**
 * MySQL's and MariaDB's SQL (sql_lex.cc). Which comments with a version number are run is the server's decision:
 * here all of them are code, and the server's count of the markers decides.
 */
export function mysqlDialect(options: MysqlDialectOptions = {}): Dialect {
  const { noBackslashEscapes = false, ansiQuotes = false, flavor = 'mysql' } = options
  const literal: Omit<QuoteRule, 'open' | 'close'> = {
    doubled: true,
    backslash: !noBackslashEscapes,
    literal: true,
  }
  return {
    name: 'mysql',
    lexical: {
      quotes: [
        { open: "'", close: "'", ...literal },
        { open: '"', close: '"', ...(ansiQuotes ? { doubled: true } : literal) },
        { open: '`', close: '`', doubled: true },
      ],
      lineComment: '--',
      lineCommentNeedsSpace: true,
      lineCommentEndsAtCarriageReturn: false,
      hashComments: true,
      blockCommentsNest: false,
      blockCommentMayStayOpen: false,
      executableComments: flavor === 'mariadb' ? ['!', 'M!'] : ['!'],
      nameStarts: '$',
      nativeMarkers: [],
    },
    escapes: 'mysql',
    markerGuard: 'after',
    bodies: 'compound',
    identifierQuote: ['`', '`'],
    // Their number is sent in 16 bits.
    maxParameters: 65_535,
    defaultIsolation: 'repeatable read',
    dataDefinitionIsTransactional: false,
    // MySQL knows one number, of the first row. MariaDB has RETURNING since 10.5.
    generatedKeys: flavor === 'mariadb' ? 'returning' : 'driver',
    verbs: {
      ...each('SELECT VALUES TABLE SHOW DESCRIBE DESC EXPLAIN HELP CHECKSUM', reads),
      ...each('INSERT UPDATE DELETE REPLACE LOAD TRUNCATE IMPORT', changesData),
      ...each('CREATE ALTER DROP RENAME GRANT REVOKE PURGE KILL', changesData),
      ...each('ANALYZE OPTIMIZE REPAIR CHECK', { ...changesData, returnsRows: true }),
      'CREATE TEMP': changesSession('temporary'),
      ...each('SET USE', changesSession('settings')),
      // FLUSH TABLES … WITH READ LOCK.
      ...each('LOCK UNLOCK FLUSH', changesSession('locks')),
      ...each('PREPARE DEALLOCATE', changesSession('prepared')),
      ...each('CALL EXECUTE HANDLER DO', runsUnseen),
      'BEGIN NOT': runsUnseen,
      XA: { ...runsUnseen, transactionControl: true },
      ...each('BEGIN COMMIT ROLLBACK SAVEPOINT RELEASE', controls),
      'START TRANSACTION': controls,
    },
    sessionWords: { ...each('GET_LOCK RELEASE_LOCK RELEASE_ALL_LOCKS', 'locks'), ':=': 'settings' },
  }
}
