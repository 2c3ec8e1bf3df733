import type { Dialect } from './dialect.ts'
import { isDigit } from './lexer-tables.ts'

/** A piece of native SQL: text, or the number (from 0) of the parameter whose marker stands there. */
export type Part = string | number

/** An argument without what surrounds it. Comments in it were already taken out. */
export function trim(parts: readonly Part[]): Part[] {
  const isSpace = (part: Part | undefined): boolean => typeof part === 'string' && part.trim() === ''
  let from = 0
  let to = parts.length
  while (from < to && isSpace(parts[from])) from++
  while (from < to && isSpace(parts[to - 1])) to--
  const trimmed = parts.slice(from, to)
  const head = trimmed[0]
  if (typeof head === 'string') trimmed[0] = head.trimStart()
  const tail = trimmed.at(-1)
  if (typeof tail === 'string') trimmed[trimmed.length - 1] = tail.trimEnd()
  return trimmed
}

/** Arguments with commas between them. */
export function joined(given: readonly (readonly Part[])[]): Part[] {
  return given.flatMap((parts, index) => (index === 0 ? parts : [', ', ...parts]))
}

/**
 * Fills a template: `#1` is the first argument, `%1` the same in parentheses where it needs them. `#1:INTEGER` casts it
 * when it is nothing but a marker, whose type the database could not tell, or would take for another.
 */
export function fill(template: string, parts: readonly (readonly Part[])[]): Part[] {
  const filled: Part[] = []
  const push = (part: Part): void => {
    const last = filled.length - 1
    const before = filled[last]
    // One piece where nothing can merge, so that `UPPER(x)` is seen to be an atom.
    if (typeof part === 'string' && typeof before === 'string' && isApart(before, part))
      filled[last] = before + part
    else filled.push(part)
  }
  let copied = 0
  for (const { 0: hole, 1: kind, 2: number, 3: type, index } of template.matchAll(holes)) {
    if (index > copied) push(template.slice(copied, index))
    const argument = parts[Number(number) - 1]!
    const cast = type !== undefined && argument.length === 1 && typeof argument[0] === 'number'
    const wrapped = kind === '%' && !isAtom(argument)
    if (cast) push('CAST(')
    else if (wrapped) push('(')
    for (const part of argument) push(part)
    if (cast) push(` AS ${type})`)
    else if (wrapped) push(')')
    copied = index + hole.length
  }
  if (copied < template.length) push(template.slice(copied))
  return filled
}

/** How long it is, a marker counted as one. */
export function lengthOf(parts: readonly Part[]): number {
  let length = 0
  for (const part of parts) length += typeof part === 'string' ? part.length : 1
  return length
}

/** Text and order of the markers. Nothing is written into a text but the spaces that keep two tokens apart. */
export function render(
  parts: readonly Part[],
  dialect: Dialect,
  firstNumber: number,
  isNameCharacter: (code: number) => boolean,
): { sql: string; order: number[] } {
  const { marker = '?', markerGuard = 'none' } = dialect
  const pieces: string[] = []
  const order: number[] = []
  let last: number | undefined
  let afterMarker = false
  for (const part of parts) {
    if (part === '') continue
    if (typeof part === 'number') {
      if (markerGuard === 'both' && last !== undefined && isNameCharacter(last)) pieces.push(' ')
      pieces.push(marker === '?' ? '?' : marker + (part + firstNumber))
      order.push(part)
      // In place of the marker's last character, a digit or `?`; neither begins or ends an operator or a literal.
      last = digit
      afterMarker = true
      continue
    }
    const next = part.charCodeAt(0)
    if (afterMarker) {
      // `?1` would be another marker, also where a `?` touches nothing else.
      if (isNameCharacter(next) && (markerGuard !== 'none' || isDigit(next))) pieces.push(' ')
    } else if (last !== undefined && wouldMerge(last, next, isNameCharacter)) pieces.push(' ')
    pieces.push(part)
    last = part.charCodeAt(part.length - 1)
    afterMarker = false
  }
  return { sql: pieces.join(''), order }
}

const digit = 48
const holes = /([#%])([1-9])(?::([A-Z]+))?/g

/** A marker, a name or number, a literal, a call without inner parentheses: no operator beside it takes it apart. */
function isAtom(parts: readonly Part[]): boolean {
  if (parts.length !== 1) return false
  const [part] = parts
  return typeof part === 'number' || /^(?:[\w$.\u0080-\uffff]+(?:\([^()]*\))?|'[^'\\]*')$/.test(part!)
}

/** Two names, two operators, a prefix and its literal, two literals: side by side they would be another token. */
function wouldMerge(left: number, right: number, isNameCharacter: (code: number) => boolean): boolean {
  if (isNameCharacter(right)) return isNameCharacter(left)
  if (isQuote(right)) return isNameCharacter(left) || isQuote(left)
  return isOperator(left) && isOperator(right)
}

function isApart(left: string, right: string): boolean {
  return '(), '.includes(left.at(-1)!) || '(), '.includes(right[0]!)
}

function isQuote(code: number): boolean {
  return code === 34 || code === 39 || code === 91 || code === 96
}

function isOperator(code: number): boolean {
  return '+-*/<>=~!@#%^&|`?:'.includes(String.fromCharCode(code))
}
