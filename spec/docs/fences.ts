/**
 * The fenced examples of a Markdown text, and what comments before a fence say of it:
 *
 * | comment | the example |
 * |---|---|
 * | `<!-- file: NAME -->` | is written to that file, for all examples of the document |
 * | `<!-- before: CODE -->` | runs after this code, which readers do not see |
 * | `<!-- continues -->` | goes on in the module of the example before it |
 * | `<!-- needs: NAMES -->` | runs once on each of these databases, the URL of an empty one in `DATABASE_URL`: `sqlite`, `postgres`, `pgbouncer`, `mariadb` |
 * | `<!-- from: FILE -->` | is that file of the repository, which is run elsewhere; compared to the letter |
 * | `<!-- prints -->` | is what the example before it prints |
 * | `<!-- prints exactly -->` | is that, its numbers included |
 * | `<!-- output: COMMAND -->` | is what this command prints, run in the repository |
 * | `<!-- not run: REASON -->` | is shown only; refused for TypeScript and JavaScript |
 *
 * In the language `console`, each line that begins with `$ ` is a command, run where the files of the document are; the
 * others are what it prints. What is printed is compared after {@link masked}.
 */
export interface Fence {
  /** Of its first line of code, from 1. */
  readonly line: number
  readonly language: string
  readonly code: string
  readonly remarks: ReadonlyMap<string, string>
}

const fencePattern = /^(`{3,})(\w*)[^\n]*\n((?:[\s\S]*?\n)?)\1[ \t]*(?:\n|$)/
const commentPattern = /^<!--([\s\S]*?)-->[ \t]*$/

export function fencesOf(markdown: string): Fence[] {
  const fences: Fence[] = []
  let remarks = new Map<string, string>()
  for (let at = 0; at < markdown.length;) {
    const rest = markdown.slice(at)
    const comment = commentPattern.exec(rest.slice(0, endOfComment(rest)))
    const fence = fencePattern.exec(rest)
    if (comment !== null) {
      const [, name, value] = /^\s*([a-z ]+?)\s*(?::([\s\S]*))?$/.exec(comment[1]!) ?? []
      if (name !== undefined) remarks.set(name, value?.trim() ?? '')
      at += comment[0].length + 1
    } else if (fence !== null) {
      const line = markdown.slice(0, at).split('\n').length + 1
      fences.push({ line, language: fence[2]!, code: fence[3]!, remarks })
      remarks = new Map()
      at += fence[0].length
    } else {
      const end = rest.indexOf('\n')
      if (rest.slice(0, end).trim() !== '') remarks = new Map()
      at += end < 0 ? rest.length : end + 1
    }
  }
  return fences
}

function endOfComment(text: string): number {
  const end = text.startsWith('<!--') ? text.indexOf('-->') : -1
  return end < 0 ? 0 : end + 3
}

/** What is left when numbers, and the blanks that align them, are of no account. */
export function masked(text: string): string {
  return text
    .replaceAll(/\d[\d,.]*/g, '#')
    .replaceAll(/[ \t]+/g, ' ')
    .replaceAll(/ $/gm, '')
    .trim()
}
