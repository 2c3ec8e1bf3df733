import { syntaxError, unknown, type SqlError } from './errors.ts'
import { tokenize, type Token } from './tokenizer.ts'

/** The reserved words of T-SQL that stand where no name may. */
const reserved = new Set(
  `ADD ALL ALTER AND ANY AS ASC AUTHORIZATION BEGIN BETWEEN BREAK BULK BY CASCADE CASE CHECK CHECKPOINT CLOSE
  CLUSTERED COALESCE COLLATE COLUMN COMMIT COMPUTE CONSTRAINT CONTAINS CONTINUE CONVERT CREATE CROSS CURRENT
  CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURSOR DATABASE DBCC DEALLOCATE DECLARE DEFAULT DELETE
  DENY DESC DISTINCT DISTRIBUTED DROP ELSE END ERRLVL ESCAPE EXCEPT EXEC EXECUTE EXISTS EXIT FETCH FOR FOREIGN
  FREETEXT FROM FULL FUNCTION GOTO GRANT GROUP HAVING HOLDLOCK IDENTITY IF IN INDEX INNER INSERT INTERSECT INTO IS
  JOIN KEY KILL LEFT LIKE MERGE NATIONAL NOCHECK NONCLUSTERED NOT NULL NULLIF OF OFF OFFSETS ON OPEN OPTION OR ORDER
  OUTER OVER PERCENT PIVOT PLAN PRIMARY PRINT PROC PROCEDURE RAISERROR READ RECONFIGURE REFERENCES REPLICATION
  RESTORE RESTRICT RETURN REVERT REVOKE RIGHT ROLLBACK ROWCOUNT SAVE SCHEMA SELECT SESSION_USER SET SHUTDOWN SOME
  SYSTEM_USER TABLE TABLESAMPLE THEN TO TOP TRAN TRANSACTION TRIGGER TRUNCATE UNION UNIQUE UNPIVOT UPDATE USE USER
  VALUES VARYING VIEW WAITFOR WHEN WHERE WHILE WITH`.split(/\s+/),
)

/** The tokens of a text, looked at one by one. */
export class TokenStream {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(text: string) {
    this.#tokens = tokenize(text)
  }

  get token(): Token {
    return this.#tokens[this.#at]!
  }

  get position(): number {
    return this.#at
  }

  set position(at: number) {
    this.#at = at
  }

  peek(distance = 1): Token {
    return this.#tokens[Math.min(this.#at + distance, this.#tokens.length - 1)]!
  }

  next(): Token {
    const { token } = this
    if (token.kind !== 'end') this.#at++
    return token
  }

  /** Whether these words or signs come. */
  is(...words: readonly string[]): boolean {
    return words.every((word, distance) => this.peek(distance).word === word)
  }

  isOneOf(...words: readonly string[]): boolean {
    return words.includes(this.token.word)
  }

  /** Steps over the words where they come. */
  take(...words: readonly string[]): boolean {
    const comes = this.is(...words)
    if (comes) this.#at += words.length
    return comes
  }

  expect(...words: readonly string[]): void {
    for (const word of words) if (!this.take(word)) throw this.wrong()
  }

  isReserved(token = this.token): boolean {
    return token.kind === 'word' && reserved.has(token.word)
  }

  isName(token = this.token): boolean {
    return token.kind === 'name' || (token.kind === 'word' && !reserved.has(token.word))
  }

  name(): string {
    if (!this.isName()) throw this.wrong()
    const { text, line } = this.next()
    if (text === '') throw syntaxError('', line)
    return text
  }

  integer(): number {
    const negative = this.take('-')
    const { kind, text } = this.token
    if (kind !== 'number' || !/^\d+$/.test(text)) throw this.wrong()
    this.next()
    return negative ? -Number(text) : Number(text)
  }

  anyText(): string {
    if (this.token.kind !== 'text' && this.token.kind !== 'wide text') throw this.wrong()
    return this.next().text
  }

  /** One after the other, with commas between. */
  list<Item>(read: () => Item): Item[] {
    const items = [read()]
    while (this.take(',')) items.push(read())
    return items
  }

  /** In parentheses. */
  enclosed<Item>(read: () => Item): Item {
    this.expect('(')
    const item = read()
    this.expect(')')
    return item
  }

  /** What SQL Server would refuse as well is a syntax error; a word of T-SQL in its place is only not known here. */
  wrong(): SqlError {
    const { text, line } = this.token
    return this.isReserved() ? unknown(`${text.toUpperCase()} in this place`, line) : syntaxError(text, line)
  }

  unknown(what: string): SqlError {
    return unknown(what, this.token.line)
  }
}
