import type { StatementTraits } from '../sql/compiled-statement.ts'
import type { Dialect } from '../sql/dialect.ts'

const reads: StatementTraits = { readOnly: true, changesSession: false, transactionControl: false }
const writes: StatementTraits = { readOnly: false, changesSession: false, transactionControl: false }
const changesSession: StatementTraits = {
  readOnly: true,
  changesSession: 'settings',
  transactionControl: false,
}
const controls: StatementTraits = { readOnly: true, changesSession: false, transactionControl: true }

/** Standard SQL, as far as the scripted database goes. */
export const scriptedDialect: Dialect = {
  name: 'scripted',
  lexical: {
    quotes: [
      { open: "'", close: "'", doubled: true },
      { open: '"', close: '"', doubled: true },
    ],
    lineComment: '--',
    lineCommentEndsAtCarriageReturn: false,
    blockCommentsNest: false,
    blockCommentMayStayOpen: false,
    nativeMarkers: [],
  },
  identifierQuote: ['"', '"'],
  maxParameters: 1_000,
  defaultIsolation: 'read committed',
  dataDefinitionIsTransactional: true,
  generatedKeys: 'driver',
  verbs: {
    SELECT: reads,
    INSERT: writes,
    UPDATE: writes,
    DELETE: writes,
    CREATE: writes,
    DROP: writes,
    SET: changesSession,
    BEGIN: controls,
    COMMIT: controls,
    ROLLBACK: controls,
    SAVEPOINT: controls,
    RELEASE: controls,
  },
}
