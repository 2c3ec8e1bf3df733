import type { Dialect } from '../dialect.ts'
import { answers, changesData, changesSession, controls, each, reads, runsUnseen } from './traits.ts'

/** Settings of a PostgreSQL session that its lexer depends on. */
export interface PgDialectOptions {
  /** The setting `standard_conforming_strings`, which the server reports. Default: true. */
  readonly standardConformingStrings?: boolean | undefined
}

/** PostgreSQL's SQL (scan.l, and the manual's chapter on lexical structure). */
export function pgDialect({ standardConformingStrings = true }: PgDialectOptions = {}): Dialect {
  return {
    name: 'pg',
    lexical: {
      quotes: [
        { open: "'", close: "'", doubled: true, backslash: !standardConformingStrings },
        { open: '"', close: '"', doubled: true },
      ],
      lineComment: '--',
      lineCommentEndsAtCarriageReturn: true,
      blockCommentsNest: true,
      blockCommentMayStayOpen: false,
      escapeLiterals: true,
      dollarQuotes: true,
      nativeMarkers: [],
      numberedMarkers: '$',
    },
    escapes: 'pg',
    marker: '$',
    markerGuard: 'both',
    questionMarkOperators: true,
    bodies: 'atomic',
    identifierQuote: ['"', '"'],
    // Their number is sent in 16 bits.
    maxParameters: 65_535,
    defaultIsolation: 'read committed',
    dataDefinitionIsTransactional: true,
    generatedKeys: 'returning',
    verbs: {
      ...each('SELECT VALUES TABLE SHOW EXPLAIN', reads),
      FETCH: answers,
      ...each('INSERT UPDATE DELETE MERGE COPY TRUNCATE LOCK NOTIFY', changesData),
      ...each('CREATE ALTER DROP COMMENT GRANT REVOKE REASSIGN SECURITY IMPORT', changesData),
      ...each('ANALYZE VACUUM CLUSTER REINDEX REFRESH CHECKPOINT', changesData),
      'CREATE TEMP': changesSession('temporary'),
      ...each('SET RESET DISCARD', changesSession('settings')),
      ...each('LISTEN UNLISTEN', changesSession('listening')),
      ...each('PREPARE DEALLOCATE', changesSession('prepared')),
      LOAD: changesSession('attachments'),
      // They end with the transaction.
      'SET LOCAL': changesData,
      'SET TRANSACTION': changesData,
      'SET CONSTRAINTS': changesData,
      ...each('DECLARE CLOSE MOVE', changesData),
      'DECLARE HOLD': changesSession('cursors'),
      EXECUTE: { ...runsUnseen, changesSession: 'prepared' },
      CALL: runsUnseen,
      DO: changesSession('unseen'),
      ...each('BEGIN START COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE', controls),
      'PREPARE TRANSACTION': controls,
    },
    sessionWords: {
      ...each('SET_CONFIG SETSEED', 'settings'),
      ...each('PG_ADVISORY_LOCK PG_ADVISORY_LOCK_SHARED', 'locks'),
      ...each('PG_TRY_ADVISORY_LOCK PG_TRY_ADVISORY_LOCK_SHARED', 'locks'),
      ...each('PG_ADVISORY_UNLOCK PG_ADVISORY_UNLOCK_SHARED PG_ADVISORY_UNLOCK_ALL', 'locks'),
      ...each('DBLINK_CONNECT DBLINK_CONNECT_U', 'attachments'),
    },
    localCalls: ['SET_CONFIG'],
  }
}
