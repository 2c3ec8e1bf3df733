import {
  SQLFeatureNotSupportedException,
  SQLSyntaxErrorException,
  type SQLException,
} from '../../src/api/sql-exception.ts'
import type { LexicalRules } from '../../src/sql/dialect.ts'
import { Lexer } from '../../src/sql/lexer.ts'
import { notText } from '../../src/sql/native-sql.ts'
import { checkText } from '../../src/sql/sendable-text.ts'
import { ServerError } from './server-error.ts'

/** The server, or the client as the server sees it, has switched it off: of both, of MySQL, of MariaDB. */
const switchedOff: ReadonlySet<number> = new Set([1148, 3948, 4166])
const loadsLocal = /^LOAD (?:DATA|XML) (?:(?:LOW_PRIORITY|CONCURRENT) )?LOCAL INFILE$/

/** A server that asks for a file in the middle of any statement gets none, whatever it was sent. */
export function localFileRefused(): SQLException {
  return new SQLFeatureNotSupportedException(
    'A file was asked for, and refused: the server would choose what it reads on this machine. ' +
      'LOAD DATA LOCAL takes its data from connection.unwrap(MySqlSession).loadData(sql, source)',
    { sqlState: '0A000', reason: 'feature' },
  )
}

/** What to do about a server that does not take LOAD DATA LOCAL; undefined for any other error. */
export function localInfileOff(error: unknown): SQLException | undefined {
  if (!(error instanceof ServerError) || !switchedOff.has(error.errno)) return undefined
  return new SQLFeatureNotSupportedException(
    'The server takes no LOAD DATA LOCAL: switch it on there (SET GLOBAL local_infile = ON)',
    { sqlState: '0A000', errorCode: error.errno, reason: 'feature', cause: error },
  )
}

/**
 * Data is handed over to no other statement.
 *
 * @throws SQLSyntaxErrorException 42601 for any other text; `SQLNonTransientException` HY009 when it is no text.
 */
export function checkLoadText(text: string, lexical: LexicalRules): void {
  if (typeof text !== 'string') throw notText(text)
  checkText(text)
  const lexer = new Lexer(text, lexical)
  const words: string[] = []
  for (let kind = lexer.next(); words.at(-1) !== 'INFILE'; kind = lexer.next()) {
    if (kind === 'space' || kind === 'comment') continue
    if (kind !== 'word') break
    words.push(lexer.token.toUpperCase())
  }
  if (loadsLocal.test(words.join(' '))) return
  throw new SQLSyntaxErrorException('The text is not a LOAD DATA LOCAL INFILE …', {
    sqlState: '42601',
    reason: 'syntax',
  })
}
