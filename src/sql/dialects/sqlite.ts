import type { Dialect } from '../dialect.ts'
import { changesData, changesSession, controls, each, reads } from './traits.ts'

/** SQLite's SQL (https://sqlite.org/lang.html, tokenize.c), as far as a text must be understood before it is sent. */
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
  escapes: 'sqlite',
  bodies: 'trigger',
  identifierQuote: ['"', '"'],
  // SQLITE_MAX_VARIABLE_NUMBER since 3.32
  maxParameters: 32_766,
  defaultIsolation: 'serializable',
  dataDefinitionIsTransactional: true,
  generatedKeys: 'returning',
  verbs: {
    ...each('SELECT VALUES EXPLAIN', reads),
    ...each('INSERT REPLACE UPDATE DELETE', changesData),
    ...each('CREATE ALTER DROP ANALYZE REINDEX VACUUM', changesData),
    'CREATE TEMP': changesSession('temporary'),
    PRAGMA: { ...changesSession('settings'), returnsRows: true },
    ...each('ATTACH DETACH', changesSession('attachments')),
    ...each('BEGIN COMMIT END ROLLBACK SAVEPOINT RELEASE', controls),
  },
}
