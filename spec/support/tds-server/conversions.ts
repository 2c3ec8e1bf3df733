import { isWhole } from './arithmetic.ts'
import { certain, type Expression } from './expressions.ts'
import { postgresType } from './postgres-types.ts'
import { isBinary, isMax, isText, type TdsType } from './types.ts'

/** Only where it is one type, so that nothing is guessed. */
export function commonType(values: readonly Expression[]): TdsType | undefined {
  const types = values.filter(({ sql }) => sql !== 'NULL').map(({ type }) => type)
  const [first] = types
  if (!first || types.some((type) => type?.name !== first.name)) return undefined
  if (isText(first) || isBinary(first))
    return { name: first.name, length: Math.max(...types.map((type) => type!.length ?? 0)) }
  return types.every((type) => type!.precision === first.precision && type!.scale === first.scale)
    ? first
    : undefined
}

/** CAST as SQL Server does it: numbers are cut to whole ones, texts to their length. */
export function converted(value: Expression, type: TdsType): Expression {
  const { sql } = value
  const { name } = type
  if (name === 'bit') return { sql: `tds.to_bit(${certain(value)})`, type }
  if (isWhole(type)) return { sql: `CAST(tds.whole(${certain(value)}) AS ${postgresType(type)})`, type }
  if (isText(type)) {
    const text =
      value.type && (isText(value.type) || value.sql === 'NULL')
        ? `CAST(${sql} AS text)`
        : `tds.to_text(${certain(value)})`
    return { sql: `CAST(${text} AS ${postgresType(type)})`, type }
  }
  if (isBinary(type)) {
    const isBytes = value.type && isBinary(value.type)
    const bytes = isBytes
      ? sql
      : `tds.to_binary(${certain(value)}${value.type?.name === 'nvarchar' ? ', true' : ', false'})`
    if (isMax(type)) return { sql: bytes, type }
    return { sql: `tds.sized(${bytes}, ${type.length}, ${name === 'binary'})`, type }
  }
  return { sql: `CAST(${sql} AS ${postgresType(type)})`, type }
}
