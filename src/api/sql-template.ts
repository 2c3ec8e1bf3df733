import { SQLSyntaxErrorException } from './sql-exception.ts'
import type { ParameterValue, SqlParameters } from './sql-types.ts'

/**
 * A piece of SQL with its parameters, made by the template {@link sql}. Pieces nest; values never become text.
 */
export class SqlFragment {
  /** With `?` for each parameter, and identifiers as {@link SqlIdentifier} still to be quoted for the dialect. */
  readonly parts: readonly (string | SqlIdentifier)[]
  readonly parameters: SqlParameters

  constructor(parts: readonly (string | SqlIdentifier)[], parameters: SqlParameters) {
    this.parts = parts
    this.parameters = parameters
  }

  /** The text for one database, which tells how it quotes a name. */
  toSql(quoteIdentifier: (name: string) => string): string {
    let text = ''
    for (const part of this.parts) {
      text += typeof part === 'string' ? part : part.path.map(quoteIdentifier).join('.')
    }
    return text
  }
}

/** A name (of a table, a column) in a template, quoted as the database wants it. Made by `sql.id`. */
export class SqlIdentifier {
  /** One name, or schema and name. */
  readonly path: readonly string[]

  constructor(path: readonly string[]) {
    this.path = path
  }
}

/** What may stand in `${}` of a template. */
export type TemplateValue = ParameterValue | SqlFragment | SqlIdentifier

/** The template tag and its helpers. */
export interface SqlTag {
  (strings: TemplateStringsArray, ...values: TemplateValue[]): SqlFragment
  /** A name, or a path of names: `sql.id('account')`, `sql.id('main', 'account')`. */
  id(...path: [string, ...string[]]): SqlIdentifier
  /** Parameters for `IN (…)`: `sql.list([1, 2, 3])` gives `?, ?, ?`. Refused when empty. */
  list(values: readonly ParameterValue[]): SqlFragment
  /** Rows for `VALUES …`: `sql.rows([[1, 'a'], [2, 'b']])` gives `(?, ?), (?, ?)`. Refused when empty or ragged. */
  rows(rows: readonly SqlParameters[]): SqlFragment
  /** Pieces with something between: `sql.join(conditions, sql` AND `)`. Default separator: a comma. */
  join(pieces: readonly TemplateValue[], separator?: SqlFragment): SqlFragment
  /** Text that the application vouches for, taken as it is. Never from a user. */
  raw(text: string): SqlFragment
}

/** `` sql`SELECT * FROM account WHERE id = ${id}` ``: each `${}` becomes a parameter. */
export const sql: SqlTag = Object.assign(
  (strings: TemplateStringsArray, ...values: TemplateValue[]): SqlFragment => {
    const builder = new FragmentBuilder()
    strings.forEach((text, index) => {
      builder.text(text)
      if (index < values.length) builder.value(values[index] as TemplateValue)
    })
    return builder.build()
  },
  {
    id: (...path: [string, ...string[]]): SqlIdentifier => {
      for (const name of path) {
        if (typeof name !== 'string' || name === '' || name.includes('\0')) {
          throw invalid(`sql.id(${JSON.stringify(name)}): a name is a text that is not empty and has no NUL`)
        }
      }
      return new SqlIdentifier(path)
    },
    list: (values: readonly ParameterValue[]): SqlFragment => {
      if (!Array.isArray(values) || values.length === 0) {
        throw invalid('sql.list([]): IN () is not SQL; decide in the application what an empty list means')
      }
      return join(values, [', '])
    },
    rows: (rows: readonly SqlParameters[]): SqlFragment => {
      const width = rows[0]?.length ?? 0
      if (width === 0) throw invalid('sql.rows: there is no row, or the first is empty')
      const builder = new FragmentBuilder()
      rows.forEach((row, index) => {
        if (row.length !== width) {
          throw invalid(`sql.rows: row ${index} has ${row.length} values, the first has ${width}`)
        }
        builder.text(index === 0 ? '(' : ', (')
        builder.value(join(row, [', ']))
        builder.text(')')
      })
      return builder.build()
    },
    join: (pieces: readonly TemplateValue[], separator?: SqlFragment): SqlFragment => {
      if (separator !== undefined && separator.parameters.length > 0) {
        throw invalid('sql.join: the separator has parameters')
      }
      return join(pieces, separator?.parts ?? [', '])
    },
    raw: (text: string): SqlFragment => new SqlFragment([text], []),
  },
)

class FragmentBuilder {
  readonly #parts: (string | SqlIdentifier)[] = []
  readonly #parameters: ParameterValue[] = []

  text(text: string): void {
    const last = this.#parts.length - 1
    if (typeof this.#parts[last] === 'string') this.#parts[last] += text
    else this.#parts.push(text)
  }

  value(value: TemplateValue): void {
    if (value instanceof SqlIdentifier) {
      this.#parts.push(value)
    } else if (value instanceof SqlFragment) {
      this.append(value.parts)
      for (const parameter of value.parameters) this.#parameters.push(parameter)
    } else {
      this.text('?')
      this.#parameters.push(value)
    }
  }

  append(parts: readonly (string | SqlIdentifier)[]): void {
    for (const part of parts) {
      if (typeof part === 'string') this.text(part)
      else this.#parts.push(part)
    }
  }

  build(): SqlFragment {
    return new SqlFragment(this.#parts, this.#parameters)
  }
}

function join(pieces: readonly TemplateValue[], separator: readonly (string | SqlIdentifier)[]): SqlFragment {
  const builder = new FragmentBuilder()
  pieces.forEach((piece, index) => {
    if (index > 0) builder.append(separator)
    builder.value(piece)
  })
  return builder.build()
}

function invalid(message: string): SQLSyntaxErrorException {
  return new SQLSyntaxErrorException(message, { sqlState: '42601', reason: 'syntax' })
}
