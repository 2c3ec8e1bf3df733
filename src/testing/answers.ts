import type { ColumnMetadata } from '../api/result.ts'
import { SQLException } from '../api/sql-exception.ts'
import type { BoundParameters } from '../spi/physical-connection.ts'
import type { Answer } from './scripted-database.ts'
import { typeOfValue } from './scripted-expressions.ts'

/** The rows of a scripted answer: objects by label, all with the same labels. */
export type ScriptedRows = readonly Readonly<Record<string, unknown>>[]

/** What a text is answered with: rows, the number of rows changed, or an error. */
export type ScriptedAnswer = ScriptedRows | number | SQLException

/** An answer, or how it is made from the parameters. */
export type ScriptedAnswerSource = ScriptedAnswer | ((parameters: BoundParameters) => ScriptedAnswer)

/** Answers to texts that the scripted database does not understand itself. Later ones go first. */
export class Answers {
  readonly #entries: { readonly pattern: string | RegExp; readonly source: ScriptedAnswerSource }[] = []

  add(pattern: string | RegExp, source: ScriptedAnswerSource): void {
    this.#entries.unshift({ pattern, source })
  }

  find(text: string, parameters: BoundParameters): Answer | undefined {
    const entry = this.#entries.find(({ pattern }) =>
      typeof pattern === 'string' ? pattern === text : pattern.test(text),
    )
    if (entry === undefined) return undefined
    const answer = typeof entry.source === 'function' ? entry.source(parameters) : entry.source
    if (answer instanceof SQLException) throw answer
    if (typeof answer === 'number') return { columns: [], rows: [], updateCount: answer }
    const names = Object.keys(answer[0] ?? {})
    const columns = names.map((name): ColumnMetadata => ({
      name,
      type: typeOfValue(answer[0]![name]),
      databaseType: '',
    }))
    return { columns, rows: answer.map((row) => names.map((name) => row[name])), updateCount: 0 }
  }
}
