import type { SqlValue } from '../../src/api/sql-types.ts'

/**
 * Reads the text of an array: `{1,NULL,"a \"b\""}`, `{{1,2},{3,4}}`, with its bounds in front where they do not begin
 * at 1, `[0:1]={5,6}` (which are left out).
 *
 * @param delimiter `,` for all types but `box`.
 */
export function parseArray(
  text: string,
  decode: (element: string) => SqlValue,
  delimiter = ',',
): readonly SqlValue[] {
  let position = text.startsWith('[') ? text.indexOf('=') + 1 : 0

  const list = (): SqlValue[] => {
    const values: SqlValue[] = []
    position++
    while (text[position] !== '}') {
      if (position >= text.length) throw new TypeError('The text of an array is not ended')
      if (text[position] === delimiter) position++
      values.push(text[position] === '{' ? list() : text[position] === '"' ? quoted() : plain())
    }
    position++
    return values
  }

  const quoted = (): SqlValue => {
    let value = ''
    let from = ++position
    while (text[position] !== '"') {
      if (position >= text.length) throw new TypeError('The text of an array is not ended')
      if (text[position] === '\\') {
        value += text.slice(from, position)
        from = position + 1
        position++
      }
      position++
    }
    value += text.slice(from, position)
    position++
    return decode(value)
  }

  const plain = (): SqlValue => {
    const from = position
    while (position < text.length && text[position] !== delimiter && text[position] !== '}') position++
    const value = text.slice(from, position)
    return value === 'NULL' ? null : decode(value)
  }

  return list()
}

/** Writes an array as PostgreSQL reads it; every element is quoted, so that none is taken for NULL. */
export function arrayLiteral(
  values: readonly unknown[],
  encode: (element: unknown) => string | null,
): string {
  const elements = values.map((value) => {
    if (Array.isArray(value)) return arrayLiteral(value, encode)
    const text = encode(value)
    return text === null ? 'NULL' : `"${text.replace(/["\\]/g, '\\$&')}"`
  })
  return `{${elements.join(',')}}`
}
