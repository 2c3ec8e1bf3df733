import type { StatementTraits } from '../compiled-statement.ts'

const nothing: StatementTraits = { readOnly: false, changesSession: false, transactionControl: false }

export const reads: StatementTraits = { ...nothing, readOnly: true }
/** Reads what is no data of a table, with rows; not promised to change nothing. */
export const answers: StatementTraits = { ...nothing, returnsRows: true }
export const changesData: StatementTraits = nothing
export const changesSession: StatementTraits = { ...nothing, changesSession: true }
/** Runs something that the text does not show: it may do all of it. */
export const runsUnseen: StatementTraits = { ...nothing, changesSession: true, returnsRows: true }
export const controls: StatementTraits = { ...nothing, transactionControl: true }

/** The same traits for many verbs: `each('INSERT UPDATE', changesData)`. */
export function each(verbs: string, traits: StatementTraits): Record<string, StatementTraits> {
  return Object.fromEntries(verbs.split(' ').map((verb) => [verb, traits]))
}
