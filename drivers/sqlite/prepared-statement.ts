import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { planFor, type ResultPlan } from './result-types.ts'

/** One text, prepared for one database while its schema stays as it is. */
export class PreparedStatement {
  readonly statement: StatementSync
  /** How the rows that it changed are counted. */
  readonly counted: 'not' | 'by run' | 'by rows' | 'by total'
  /** After it the schema, or what the session sees of it, may be another. */
  readonly changesSchema: boolean
  readonly #nativeValues: boolean
  #plan: ResultPlan

  constructor(database: DatabaseSync, sql: string, nativeValues: boolean) {
    this.#nativeValues = nativeValues
    this.statement = database.prepare(sql)
    this.statement.setReturnArrays(true)
    this.#plan = this.#describe()
    const verb = firstWord(sql)
    this.counted = countedHow(verb, sql, this.returnsRows)
    this.changesSchema = !dataVerbs.has(verb)
  }

  get returnsRows(): boolean {
    return this.#plan.columns.length > 0
  }

  get plan(): ResultPlan {
    return this.#plan
  }

  /** SQLite prepares a statement again by itself when the schema has changed: its columns may be others now. */
  refreshPlan(): void {
    this.#plan = this.#describe()
  }

  #describe(): ResultPlan {
    const plan = planFor(this.statement.columns(), this.#nativeValues)
    this.statement.setReadBigInts(plan.bigIntegers)
    return plan
  }
}

const changingVerbs = new Set(['INSERT', 'REPLACE', 'UPDATE', 'DELETE'])
const dataVerbs = new Set([...changingVerbs, 'SELECT', 'VALUES', 'WITH', 'EXPLAIN'])
const mayChange = /\b(INSERT|REPLACE|UPDATE|DELETE)\b/i

/** Elsewhere SQLite's counter still holds the count of an earlier statement. */
function countedHow(verb: string, sql: string, returnsRows: boolean): PreparedStatement['counted'] {
  if (changingVerbs.has(verb)) return returnsRows ? 'by rows' : 'by run'
  if (verb !== 'WITH') return 'not'
  if (!returnsRows) return 'by run'
  return mayChange.test(sql) ? 'by total' : 'not'
}

function firstWord(sql: string): string {
  return /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))*(\w*)/.exec(sql)?.[1]?.toUpperCase() ?? ''
}
