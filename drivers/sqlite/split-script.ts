/**
 * The statements of a script, each with its semicolon: the rules of `sqlite3_complete()`, by which a trigger ends
 * with `; END;`. A script is run statement by statement so that one which waits for a lock can be tried again alone.
 */
export function splitScript(text: string): string[] {
  const statements: string[] = []
  let start = 0
  let words = 0
  let isCreate = false
  let isTrigger = false
  let last: ';' | 'END' | 'other' | 'nothing' = 'nothing'
  // A token: white space and comments, quoted things, words, anything else.
  const token =
    /\s+|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|[\w$\u0080-\uffff]+|[\s\S]/gy

  for (const { 0: part, index } of text.matchAll(token)) {
    if (/^(\s|--|\/\*)/.test(part)) continue
    if (part === ';') {
      if (!isTrigger || last === 'END') {
        if (last !== 'nothing') statements.push(text.slice(start, index + 1))
        start = index + 1
        words = 0
        isCreate = isTrigger = false
        last = 'nothing'
      } else {
        last = ';'
      }
      continue
    }
    const word = part.toUpperCase()
    if (word === 'EXPLAIN' && words === 0) continue
    if (words === 0) isCreate = word === 'CREATE'
    else if (isCreate && words <= 2 && word === 'TRIGGER') isTrigger = true
    words++
    last = word === 'END' && last === ';' ? 'END' : 'other'
  }
  if (last !== 'nothing') statements.push(text.slice(start))
  return statements
}
