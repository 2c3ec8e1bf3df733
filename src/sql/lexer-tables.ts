import type { LexicalRules, QuoteRule } from './dialect.ts'

/** The rules of a dialect as tables by character code, below 128. */
export interface LexerTables {
  readonly first: Uint8Array
  readonly inName: Uint8Array
  readonly quotes: readonly (QuoteRule | undefined)[]
}

/** What a token can be, by its first character. */
export const first = {
  other: 0,
  space: 1,
  word: 2,
  digit: 3,
  quote: 4,
  question: 5,
  dash: 6,
  slash: 7,
  hash: 8,
  star: 9,
  dollar: 10,
  prefix: 11,
} as const

const knownTables = new WeakMap<LexicalRules, LexerTables>()

/** Made once for each set of rules. */
export function tablesOf(rules: LexicalRules): LexerTables {
  let tables = knownTables.get(rules)
  if (tables === undefined) knownTables.set(rules, (tables = makeTables(rules)))
  return tables
}

function makeTables(rules: LexicalRules): LexerTables {
  const tables = { first: new Uint8Array(128), inName: new Uint8Array(128), quotes: [] as QuoteRule[] }
  const set = (characters: string, kind: number): void => {
    for (const character of characters) tables.first[character.charCodeAt(0)] = kind
  }
  for (let code = 0; code < 128; code++) {
    if (code <= 32) tables.first[code] = first.space
    else if (isDigit(code)) tables.first[code] = first.digit
    else if (inNumber(code)) tables.first[code] = first.word
    if (inNumber(code) || (rules.nameCharacters ?? '$').includes(String.fromCharCode(code)))
      tables.inName[code] = 1
  }
  set('?', first.question)
  set('-', first.dash)
  set('/', first.slash)
  set('*', first.star)
  if (rules.hashComments) set('#', first.hash)
  if (rules.dollarQuotes) set('$', first.dollar)
  set(rules.nameStarts ?? '', first.word)
  set(rules.nativeMarkers.join(''), first.prefix)
  for (const rule of rules.quotes) {
    set(rule.open, first.quote)
    tables.quotes[rule.open.charCodeAt(0)] = rule
  }
  return tables
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

/** A letter of ASCII, a digit, or `_`. */
export function inNumber(code: number): boolean {
  return isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95
}
