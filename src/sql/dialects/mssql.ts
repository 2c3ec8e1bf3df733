import type { Dialect } from '../dialect.ts'
import { changesData, changesSession, controls, each, reads, runsUnseen } from './traits.ts'

/** SQL Server's SQL (Transact-SQL reference; the server's lexer is not public). */
export const mssqlDialect: Dialect = {
  name: 'mssql',
  lexical: {
    quotes: [
      { open: "'", close: "'", doubled: true },
      { open: '"', close: '"', doubled: true },
      { open: '[', close: ']', doubled: true },
    ],
    lineComment: '--',
    lineCommentEndsAtCarriageReturn: true,
    blockCommentsNest: true,
    blockCommentMayStayOpen: false,
    nameCharacters: '$@#',
    nameStarts: '@#',
    nativeMarkers: [],
    numberedMarkers: '@p',
  },
  escapes: 'mssql',
  marker: '@p',
  markerGuard: 'both',
  bodies: 'batch',
  identifierQuote: ['[', ']'],
  // 2,100 of a procedure, of which sp_executesql needs two for itself.
  maxParameters: 2_098,
  defaultIsolation: 'read committed',
  dataDefinitionIsTransactional: true,
  verbs: {
    SELECT: reads,
    ...each('INSERT UPDATE DELETE MERGE BULK TRUNCATE', changesData),
    ...each('CREATE ALTER DROP GRANT REVOKE DENY', changesData),
    ...each('WAITFOR PRINT RAISERROR THROW', changesData),
    ...each('SET USE DECLARE', changesSession('settings')),
    ...each('EXEC EXECUTE', runsUnseen),
    ...each('COMMIT ROLLBACK SAVE', controls),
    'BEGIN TRAN': controls,
    'BEGIN TRANSACTION': controls,
    'BEGIN DISTRIBUTED': controls,
  },
  sessionWords: { SP_GETAPPLOCK: 'locks', ...each('SP_SETAPPROLE SP_SET_SESSION_CONTEXT', 'settings') },
  returningWord: 'OUTPUT',
  generatedKeys: 'output',
}
