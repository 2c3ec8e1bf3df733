import type { SessionChange, StatementTraits } from '../compiled-statement.ts'

const nothing: StatementTraits = { readOnly: false, changesSession: false, transactionControl: false }

export const reads: StatementTraits = { ...nothing, readOnly: true }
/** Reads what is no data of a table, with rows; not promised to change nothing. */
export const answers: StatementTraits = { ...nothing, returnsRows: true }
export const changesData: StatementTraits = nothing
/** Runs something that the text does not show: it may do all of it. */
export const runsUnseen: StatementTraits = { ...nothing, changesSession: 'unseen', returnsRows: true }
export const controls: StatementTraits = { ...nothing, transactionControl: true }

export function changesSession(what: SessionChange): StatementTraits {
  return { ...nothing, changesSession: what }
}

/** The same for many words: `each('INSERT UPDATE', changesData)`. */
export function each<const T>(verbs: string, traits: T): Record<string, T> {
  return Object.fromEntries(verbs.split(' ').map((verb) => [verb, traits]))
}
