import type { SessionChange, StatementTraits } from './compiled-statement.ts'
import type { Dialect } from './dialect.ts'

/**
 * What the words and signs of one statement tell while it is read: what kind of statement it is, what it does, and
 * whether a semicolon ends it or belongs to a body in it.
 */
export class StatementShape {
  /** A semicolon has ended the statement: no other may follow. */
  ended = false
  /** Something was read that is neither space, comment nor semicolon. */
  empty = true
  readonly #dialect: Dialect
  /** The first words, as many as tell what it is. */
  readonly #words: string[] = []
  readonly #seen = new Set<string>()
  /** The verb behind `WITH …`. */
  #mainVerb: string | undefined
  #depth = 0
  /** Blocks (`BEGIN … END`) around what is being read. */
  #blocks = 0
  #atomic = false
  /** The last thing read: a word in upper case, or a sign. */
  #last = ''
  #beforeLast = ''
  #sessionChange: SessionChange | undefined
  /** Calls whose last argument tells: by the depth of their parentheses. */
  readonly #openCalls: { readonly depth: number; readonly change: SessionChange }[] = []
  #changesDataWithin = false
  #into = false
  #locks = false
  /** By depth of parentheses: an ORDER BY was read there. */
  readonly #ordered: boolean[] = []

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  word(text: string): void {
    this.empty = false
    const word = text.length > longestKeyword ? text : text.toUpperCase()
    if (this.#words.length < 10) this.#words.push(word)
    if (keywords.has(word)) this.#keyword(word)
    const change = word.startsWith('#') ? 'temporary' : this.#dialect.sessionWords?.[word]
    if (change !== undefined) {
      if (this.#dialect.localCalls?.includes(word) === true)
        this.#openCalls.push({ depth: this.#depth + 1, change })
      else this.#sessionChange ??= change
    }
    this.#advance(word)
  }

  sign(character: string): void {
    this.empty = false
    if (character === '(') this.#depth++
    else if (character === ')') {
      this.#endCall()
      this.#ordered[this.#depth] = false
      if (this.#depth > 0) this.#depth--
    } else if (character === '=' && this.#last === ':') {
      this.#sessionChange ??= this.#dialect.sessionWords?.[':=']
    } else if (character === '@' && this.#last === 'INTO') this.#sessionChange ??= 'settings'
    this.#advance(character)
  }

  /** A literal, a quoted name, a marker. */
  other(): void {
    this.empty = false
    this.#advance('operand')
  }

  semicolon(): void {
    if (!this.empty && !this.#isInBody()) this.ended = true
    this.#advance(';')
  }

  /** A query whose rows already have an order, as far as its own parentheses go. */
  get isOrdered(): boolean {
    return this.#ordered[this.#depth] === true
  }

  /** Numbered markers and variables in it belong to what it defines. */
  get definesMarkers(): boolean {
    return this.#words[0] === 'PREPARE' || this.#seen.has('DECLARE') || this.#isRoutine()
  }

  /** `name =` before an argument: the name is the procedure's. */
  get namesArguments(): boolean {
    return /^(?:EXEC|EXECUTE|CALL)$/.test(this.#words[0] ?? '')
  }

  /** An operator cannot stand here, between two operands, nor a semicolon or the end. */
  get expectsOperand(): boolean {
    return this.#last === '' || operandFollows.has(this.#last)
  }

  get traits(): StatementTraits & { readonly returnsRows: boolean } {
    const { verbs } = this.#dialect
    const [first = '', second = ''] = this.#words
    const verb = first === 'WITH' ? (this.#mainVerb ?? 'SELECT') : first
    const traits =
      verbs[this.#special() ?? ''] ??
      (first === 'WITH' ? undefined : verbs[`${first} ${second}`]) ??
      verbs[verb] ??
      unknownVerb
    const executes = verb === 'EXPLAIN' && (this.#seen.has('ANALYZE') || this.#seen.has('ANALYSE'))
    const changes =
      this.#changesDataWithin || this.#into || this.#locks || (executes && this.#seen.has('changing verb'))
    return {
      readOnly: traits.readOnly && !changes,
      changesSession: this.#sessionChange ?? this.#openCalls[0]?.change ?? traits.changesSession,
      transactionControl: traits.transactionControl,
      returnsRows: this.#returnsRows(verb, traits),
    }
  }

  #returnsRows(verb: string, traits: StatementTraits): boolean {
    if (changingVerbs.has(verb)) return this.#seen.has('returning')
    return (traits.returnsRows ?? traits.readOnly) && !this.#into
  }

  /** The entry of the table that is found by more than the first words. */
  #special(): 'CREATE' | 'CREATE TEMP' | 'DECLARE HOLD' | undefined {
    const [first, ...words] = this.#words
    if (first === 'DECLARE') return this.#seen.has('HOLD') ? 'DECLARE HOLD' : undefined
    if (first !== 'CREATE') return undefined
    if (this.#seen.has('COMMIT DROP')) return 'CREATE'
    const isTemporary = (word: string, at: number): boolean =>
      (at < 4 && (word === 'TEMP' || word === 'TEMPORARY')) || word === 'PG_TEMP'
    return words.some(isTemporary) ? 'CREATE TEMP' : undefined
  }

  /** At a closing parenthesis: of a call that changes the transaction alone when it ends with `, TRUE`? */
  #endCall(): void {
    const call = this.#openCalls.at(-1)
    if (call?.depth !== this.#depth) return
    this.#openCalls.pop()
    if (this.#last !== 'TRUE' || this.#beforeLast !== ',') this.#sessionChange ??= call.change
  }

  #keyword(word: string): void {
    const last = this.#last
    if (changingVerbs.has(word) && last !== 'FOR' && last !== 'ON') {
      this.#seen.add('changing verb')
      // REPLACE behind a parenthesis is the function.
      if (last === '(' && word !== 'REPLACE') this.#changesDataWithin = true
    }
    if (word === (this.#dialect.returningWord ?? 'RETURNING')) this.#seen.add('returning')
    if (this.#depth === 0 && mainVerbs.has(word) && this.#mainVerb === undefined) this.#mainVerb = word
    switch (word) {
      case 'ANALYZE':
      case 'ANALYSE':
      case 'DECLARE':
        this.#seen.add(word)
        break
      case 'INTO':
        if (this.#depth === 0 && this.#mainVerb === 'SELECT') this.#into = true
        break
      case 'TEMP':
      case 'TEMPORARY':
      case 'PG_TEMP':
        if (last === 'INTO') this.#sessionChange ??= 'temporary'
        break
      case 'DROP':
        if (last === 'COMMIT' && this.#beforeLast === 'ON') this.#seen.add('COMMIT DROP')
        break
      case 'HOLD':
        if (last === 'WITH' && this.#beforeLast === 'CURSOR') this.#seen.add('HOLD')
        break
      case 'UPDATE':
      case 'SHARE':
      case 'NO':
      case 'KEY':
        if (last === 'FOR') this.#locks = true
        break
      case 'IN':
        if (last === 'LOCK') this.#locks = true
        break
      case 'BY':
        if (last === 'ORDER') this.#ordered[this.#depth] = true
        break
    }
    this.#block(word)
  }

  #block(word: string): void {
    const last = this.#last
    switch (this.#dialect.bodies) {
      case 'atomic':
        if (word === 'ATOMIC' && last === 'BEGIN' && this.#words[0] === 'CREATE') {
          this.#atomic = true
          this.#blocks = 1
        } else if (this.#atomic && word === 'CASE') this.#blocks++
        else if (this.#blocks > 0 && word === 'END') this.#blocks--
        break
      case 'compound':
        if (this.#words[0] === 'BEGIN' && this.#words.length === 2 && word === 'NOT') this.#blocks = 1
        if (!this.#isRoutine() && this.#blocks === 0) break
        if (word === 'BEGIN' || (word === 'CASE' && last !== 'END')) this.#blocks++
        else if (word === 'END' && this.#blocks > 0) this.#blocks--
        else if (last === 'END' && endsOfOthers.has(word)) this.#blocks++
        break
      case 'batch':
        if (word === 'BEGIN' || word === 'CASE') this.#blocks++
        else if (last === 'BEGIN' && noBlocks.has(word)) this.#blocks--
        else if (word === 'END' && this.#blocks > 0) this.#blocks--
        break
      case 'trigger':
      case undefined:
        break
    }
  }

  #isInBody(): boolean {
    switch (this.#dialect.bodies) {
      case 'trigger':
        return this.#kind() === 'TRIGGER' && !(this.#last === 'END' && this.#beforeLast === ';')
      case 'atomic':
        return this.#blocks > 0 || (this.#depth > 0 && this.#kind() === 'RULE')
      case 'compound':
        return this.#blocks > 0
      case 'batch':
        return this.#blocks > 0 || this.#isRoutine()
      case undefined:
        return false
    }
  }

  #isRoutine(): boolean {
    const kind = this.#kind()
    return kind !== undefined && routines.has(kind)
  }

  /** What a CREATE or ALTER is about, also one that is explained (SQLite). */
  #kind(): string | undefined {
    const words = this.#words
    const at = words[0] === 'EXPLAIN' ? (words[1] === 'QUERY' ? 3 : 1) : 0
    if (words[at] !== 'CREATE' && words[at] !== 'ALTER') return undefined
    return words.find((word) => routines.has(word) || otherObjects.has(word))
  }

  #advance(last: string): void {
    this.#beforeLast = this.#last
    this.#last = last
  }
}

const longestKeyword = 32
const unknownVerb: StatementTraits = {
  readOnly: false,
  changesSession: 'unseen',
  transactionControl: false,
  returnsRows: true,
}
const changingVerbs = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE', 'REPLACE'])
const mainVerbs = new Set([...changingVerbs, 'SELECT', 'VALUES', 'TABLE'])
const routines = new Set(['PROCEDURE', 'PROC', 'FUNCTION', 'TRIGGER', 'EVENT', 'PACKAGE'])
const otherObjects = new Set(
  'TABLE VIEW INDEX DATABASE SCHEMA USER ROLE SEQUENCE RULE LOGIN TYPE DOMAIN SERVER'.split(' '),
)
/** `END IF` ends no block that was counted. */
const endsOfOthers = new Set(['IF', 'LOOP', 'WHILE', 'REPEAT', 'FOR'])
/** `BEGIN TRANSACTION` begins no block. */
const noBlocks = new Set(['TRAN', 'TRANSACTION', 'DISTRIBUTED', 'DIALOG', 'CONVERSATION'])
/** Signs and keywords (of PostgreSQL) behind which an operand stands. */
const operandFollows = new Set([
  ...'( [ , ; + - * / < > = ~ ! @ # % ^ & | `'.split(' '),
  ...'SELECT WHERE AND OR NOT LIKE ILIKE BETWEEN LIMIT OFFSET ON WHEN THEN ELSE HAVING IN RETURNING CASE'.split(
    ' ',
  ),
])
const keywords = new Set([
  ...mainVerbs,
  ...endsOfOthers,
  ...noBlocks,
  ...'RETURNING OUTPUT ANALYZE ANALYSE DECLARE INTO TEMP TEMPORARY PG_TEMP DROP HOLD SHARE NO KEY IN BY'.split(
    ' ',
  ),
  ...'BEGIN ATOMIC NOT CASE END'.split(' '),
])
