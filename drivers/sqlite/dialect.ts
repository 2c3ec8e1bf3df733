import type { StatementTraits } from '../../src/sql/compiled-statement.ts'
import type { Dialect } from '../../src/sql/dialect.ts'

const reads: StatementTraits = { readOnly: true, changesSession: false, transactionControl: false }
const changesData: StatementTraits = { readOnly: false, changesSession: false, transactionControl: false }
const changesSession: StatementTraits = { readOnly: false, changesSession: true, transactionControl: false }
const controls: StatementTraits = { readOnly: false, changesSession: false, transactionControl: true }

/** SQLite's SQL (https://sqlite.org/lang.html), as far as a text must be understood before it is sent. */
export const sqliteDialect: Dialect = {
  name: 'sqlite',
  lexical: {
    quotes: [
      { open: "'", close: "'", doubled: true },
      { open: '"', close: '"', doubled: true },
      { open: '`', close: '`', doubled: true },
      { open: '[', close: ']', doubled: false },
    ],
    lineComment: '--',
    lineCommentEndsAtCarriageReturn: false,
    blockCommentsNest: false,
    blockCommentMayStayOpen: true,
    nativeMarkers: [':', '@', '$'],
  },
  identifierQuote: ['"', '"'],
  // SQLITE_MAX_VARIABLE_NUMBER since 3.32
  maxParameters: 32_766,
  defaultIsolation: 'serializable',
  dataDefinitionIsTransactional: true,
  verbs: {
    SELECT: reads,
    VALUES: reads,
    EXPLAIN: reads,
    INSERT: changesData,
    REPLACE: changesData,
    UPDATE: changesData,
    DELETE: changesData,
    CREATE: changesData,
    ALTER: changesData,
    DROP: changesData,
    ANALYZE: changesData,
    REINDEX: changesData,
    VACUUM: changesData,
    'CREATE TEMP': changesSession,
    'CREATE TEMPORARY': changesSession,
    PRAGMA: changesSession,
    ATTACH: changesSession,
    DETACH: changesSession,
    BEGIN: controls,
    COMMIT: controls,
    END: controls,
    ROLLBACK: controls,
    SAVEPOINT: controls,
    RELEASE: controls,
  },
}
