import { SqlError } from './errors.ts'
import type { Statement } from './statements.ts'

/** The error of RAISERROR or THROW; with a severity up to 10 it is only a message. */
export function raised(
  { number, isThrown, line }: Extract<Statement, { kind: 'raise' }>,
  [text, severity, state, ...values]: readonly (string | null)[],
): SqlError {
  const level = Math.min(Number(severity), 25)
  return new SqlError(level > 10 || isThrown ? number : 50_000, format(text ?? '', isThrown ? [] : values), {
    severity: level,
    state: Number(state),
    scope: isThrown ? 'batch' : 'statement',
    line,
  })
}

/** `%s` and `%d` of RAISERROR. */
function format(text: string, values: readonly (string | null)[]): string {
  let at = 0
  return text.replaceAll(/%(?:([sdi])|%)/g, (match, kind: string | undefined) =>
    kind === undefined ? '%' : at < values.length ? (values[at++] ?? '(null)') : match,
  )
}
