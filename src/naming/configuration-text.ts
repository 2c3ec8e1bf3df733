import type * as Yaml from 'yaml'
import type { Alias, Document, LineCounter, Node, Scalar, YAMLError, YAMLMap } from 'yaml'
import type { ConfigurationEntry, ConfigurationMap, ConfigurationNode } from './configuration-node.ts'
import { refusePrototype, shortenKey } from './configuration-node.ts'
import { ConfigurationException, type FilePlace } from './naming-exception.ts'

/** A configuration has four levels. Deeper texts overflow the parser's stack, and have ended the whole process. */
const maximumDepth = 50

/** Values, after aliases were followed: no real file comes near, and a file that multiplies itself is stopped. */
const maximumNodes = 100_000

/**
 * Reads YAML 1.2, of which JSON is a part, and keeps the place of everything. Messages show keys, never values: a
 * fault may be in a password.
 *
 * @throws ConfigurationException for whatever YAML does not allow, and for keys that occur twice, keys that are not
 * texts, aliases that multiply, several documents, tags, and nesting beyond 50 levels.
 */
export async function parseConfigurationText(text: string, file: string): Promise<ConfigurationNode> {
  checkNesting(text, file)
  // Only here, so that a program without a configuration file never loads the parser.
  const yaml = await import('yaml')
  const lines = new yaml.LineCounter()
  const document = yaml.parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
    resolveKnownTags: false,
    // Its check compares each key with all before it: seconds for a file of hostile size. Ours is a Map.
    uniqueKeys: false,
  })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) throw syntaxError(problem, lines, file)
  return new TextReader(yaml, document, lines, file).read()
}

class TextReader {
  readonly #yaml: typeof Yaml
  readonly #document: Document.Parsed
  readonly #lines: LineCounter
  readonly #file: string
  #nodes = 0

  constructor(yaml: typeof Yaml, document: Document.Parsed, lines: LineCounter, file: string) {
    this.#yaml = yaml
    this.#document = document
    this.#lines = lines
    this.#file = file
  }

  read(): ConfigurationNode {
    return this.#node(this.#document.contents, placeAt(this.#lines, this.#file, 0), 0)
  }

  /** @param fallback The place of a value that is not there, which is that of its key. */
  #node(node: Node | null | undefined, fallback: FilePlace, depth: number): ConfigurationNode {
    const place = this.#placeOf(node) ?? fallback
    if (++this.#nodes > maximumNodes || depth > maximumDepth) {
      throw new ConfigurationException('too many values, or too deep; do aliases refer to one another?', {
        place,
      })
    }
    if (this.#yaml.isAlias(node)) return this.#aliased(node, place, depth)
    if (this.#yaml.isMap<Node, Node | null>(node)) return this.#map(node, place, depth)
    if (this.#yaml.isSeq<Node | null>(node)) {
      return { kind: 'list', place, items: node.items.map((item) => this.#node(item, place, depth + 1)) }
    }
    return { kind: 'scalar', place, value: this.#scalar(node as Scalar | null | undefined, place) }
  }

  #aliased(alias: Alias, place: FilePlace, depth: number): ConfigurationNode {
    const target = alias.resolve(this.#document)
    if (target === undefined) {
      throw new ConfigurationException(
        `an alias (after *) has no anchor before it; put quotes around a text with *`,
        {
          place,
        },
      )
    }
    return this.#node(target, place, depth + 1)
  }

  #map(map: YAMLMap<Node, Node | null>, place: FilePlace, depth: number): ConfigurationMap {
    const entries = new Map<string, ConfigurationEntry>()
    const lineOf = new Map<string, number>()
    for (const pair of map.items) {
      const keyPlace = this.#placeOf(pair.key) ?? place
      const key = this.#yaml.isScalar(pair.key) ? pair.key.value : undefined
      if (typeof key !== 'string') {
        throw new ConfigurationException('a key has to be a text; put quotes around it', { place: keyPlace })
      }
      refusePrototype(key, keyPlace)
      const before = lineOf.get(key)
      if (before !== undefined) {
        const message = `'${shortenKey(key)}' is there twice; the first is in line ${before}`
        throw new ConfigurationException(message, { place: keyPlace })
      }
      lineOf.set(key, keyPlace.line)
      entries.set(key, { keyPlace, value: this.#node(pair.value, keyPlace, depth + 1) })
    }
    return { kind: 'map', place, entries }
  }

  #scalar(scalar: Scalar | null | undefined, place: FilePlace): string | number | boolean | null {
    const value: unknown = scalar?.value ?? null
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value
    if (typeof value === 'number' && Number.isFinite(value)) return value
    throw new ConfigurationException('a value is neither a text nor a number; put quotes around it', {
      place,
    })
  }

  #placeOf(node: Node | null | undefined): FilePlace | undefined {
    const offset = node?.range?.[0]
    return offset === undefined ? undefined : placeAt(this.#lines, this.#file, offset)
  }
}

function placeAt(lines: LineCounter, file: string, offset: number): FilePlace {
  const { line, col } = lines.linePos(offset)
  // An empty text has no line; its beginning is the first all the same.
  return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
}

function syntaxError(problem: YAMLError, lines: LineCounter, file: string): ConfigurationException {
  const place = placeAt(lines, file, problem.pos[0])
  return new ConfigurationException(explain(problem), { place })
}

/** The parser's words, where they are of use and quote nothing from the file. */
function explain(problem: YAMLError): string {
  switch (problem.code) {
    case 'TAB_AS_INDENT':
      return 'a tab cannot indent in YAML; use spaces'
    case 'MULTIPLE_DOCS':
      return 'a second document begins; a configuration is one'
    case 'RESOURCE_EXHAUSTION':
      return 'the text is nested too deeply'
    case 'TAG_RESOLVE_FAILED':
      return 'a tag (after !) means nothing here; put quotes around a text with !'
    case 'BAD_DQ_ESCAPE':
      return `a backslash between double quotes begins an escape that does not exist; use single quotes`
    case 'BLOCK_AS_IMPLICIT_KEY':
      return `a colon and a space within a text; put quotes around it, or begin a new line`
    case 'BAD_SCALAR_START':
      return 'a text begins with a character that YAML reserves; put quotes around it'
    case 'UNEXPECTED_TOKEN':
    case 'BAD_DIRECTIVE':
      return 'this is not YAML; is a quote, a comma or an indentation wrong before it?'
    default:
      return problem.message
  }
}

/** A depth that the text cannot exceed, found without the parser: indentation, brackets and marks of lists. */
function checkNesting(text: string, file: string): void {
  const indentations: number[] = []
  let brackets = 0
  let line = 0
  for (const content of eachLine(text)) {
    line++
    const indentation = content.search(/[^ ]/)
    if (indentation < 0 || content[indentation] === '#') continue
    while ((indentations.at(-1) ?? -1) >= indentation) indentations.pop()
    indentations.push(indentation)
    let marks = 0
    for (let position = indentation; position < content.length; position++) {
      const character = content[position]
      if (character === '[' || character === '{') brackets++
      else if (character === ']' || character === '}') brackets = Math.max(0, brackets - 1)
      else if ((character === '-' || character === '?') && content[position + 1] === ' ') marks++
      if (brackets + marks + indentations.length > maximumDepth) {
        const place = { file, line, column: position + 1 }
        throw new ConfigurationException('the text is nested too deeply', { place })
      }
    }
  }
}

function* eachLine(text: string): Generator<string> {
  let start = 0
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
    yield text.slice(start, end)
    start = end + 1
  }
  yield text.slice(start)
}
