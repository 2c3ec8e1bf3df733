import { SqlError, syntaxError } from './errors.ts'

/** A token of T-SQL. Its `text` is what it means: a name without its brackets, a text without its quotes. */
export interface Token {
  readonly kind: 'word' | 'name' | 'variable' | 'text' | 'wide text' | 'number' | 'binary' | 'sign' | 'end'
  readonly text: string
  /** In capitals, of words and signs; else empty. */
  readonly word: string
  readonly start: number
  readonly line: number
}

const space = /[\s\u00a0]+/y
const lineComment = /--[^\n]*/y
const word = /[\p{L}_#][\p{L}\p{N}_@#$]*/uy
const variable = /@@?[\p{L}\p{N}_@#$]+/uy
const binary = /0[xX][0-9a-fA-F]*/y
const number = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y
const sign = /<>|!=|<=|>=|[-+*/%(),.;=<>&|^~]/y
const longestName = 128

export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  let line = 1
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0]
  }
  const add = (kind: Token['kind'], length: number, meaning: string): void => {
    const capitals = kind === 'word' || kind === 'sign' ? meaning.toUpperCase() : ''
    tokens.push({ kind, text: meaning, word: capitals, start: at, line })
    if ((kind === 'word' || kind === 'name') && meaning.length > longestName) throw tooLong(meaning, line)
    skip(length)
  }
  const skip = (length: number): void => {
    line += text.slice(at, at + length).split('\n').length - 1
    at += length
  }
  const quoted = (open: number, close: string): { length: number; meaning: string } => {
    let end = at + open
    for (;;) {
      end = text.indexOf(close, end)
      if (end === -1) throw unclosed(text.slice(at + open), line)
      if (text[end + 1] !== close) break
      end += 2
    }
    return { length: end + 1 - at, meaning: text.slice(at + open, end).replaceAll(close + close, close) }
  }
  while (at < text.length) {
    const blank = match(space) ?? match(lineComment)
    if (blank !== undefined) {
      skip(blank.length)
    } else if (text.startsWith('/*', at)) {
      skip(blockCommentLength(text, at, line))
    } else if (/^[nN]'/.test(text.slice(at, at + 2))) {
      const { length, meaning } = quoted(2, "'")
      add('wide text', length, meaning)
    } else if (text[at] === "'") {
      const { length, meaning } = quoted(1, "'")
      add('text', length, meaning)
    } else if (text[at] === '"' || text[at] === '[') {
      const { length, meaning } = quoted(1, text[at] === '"' ? '"' : ']')
      add('name', length, meaning)
    } else {
      const kinds = [
        ['word', word],
        ['variable', variable],
        ['binary', binary],
        ['number', number],
        ['sign', sign],
      ] as const
      const found = kinds.find(([, pattern]) => match(pattern) !== undefined)
      if (!found) throw syntaxError(text.slice(at, at + 10), line)
      const meaning = match(found[1])!
      add(found[0], meaning.length, meaning)
    }
  }
  tokens.push({ kind: 'end', text: 'the end of the text', word: '', start: at, line })
  return tokens
}

function blockCommentLength(text: string, start: number, line: number): number {
  const border = /\/\*|\*\//g
  border.lastIndex = start
  let depth = 0
  for (let found = border.exec(text); found; found = border.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return found.index + 2 - start
  }
  throw new SqlError(113, "Missing end comment mark '*/'.", { severity: 15, scope: 'batch', line })
}

function unclosed(text: string, line: number): SqlError {
  const shown = text.slice(0, 100)
  return new SqlError(105, `Unclosed quotation mark after the character string '${shown}'.`, {
    severity: 15,
    scope: 'batch',
    line,
  })
}

function tooLong(name: string, line: number): SqlError {
  const text = `The identifier that starts with '${name.slice(0, 100)}' is too long. Maximum length is 128.`
  return new SqlError(103, text, { severity: 15, state: 4, scope: 'batch', line })
}
