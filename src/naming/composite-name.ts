import { InvalidNameException } from './naming-exception.ts'

/** A name as the methods of a context take it. */
export type Name = string | CompositeName

/** Far beyond any real name, and little enough that a hostile one costs nothing. */
const maximumLength = 4_096
const maximumComponents = 100

/**
 * Parsed before: an application uses few names, and those for every request. Bounded in number and in length, as names
 * may come from outside.
 */
const known = new Map<string, CompositeName>()
const maximumKnown = 4_096
const maximumKnownLength = 100

/**
 * A name of several components, immutable (`javax.naming.CompositeName`): `jdbc/accounts` is `jdbc` and `accounts`.
 *
 * Components are separated by `/`. A backslash takes its meaning from a separator, a quote or another backslash;
 * a component that begins with `'` or `"` ends with the same, and holds separators as they are. Upper and lower
 * case differ. The empty text is the empty name, which has no component and stands for the context itself; a
 * leading, trailing or doubled separator makes an empty component.
 */
export class CompositeName {
  /** In order, without escapes and quotes. */
  readonly components: readonly string[]

  private constructor(components: readonly string[]) {
    this.components = Object.freeze(components)
  }

  /**
   * The name that a text means; a CompositeName is returned as it is.
   *
   * @throws InvalidNameException when a quote is not closed or closes before the end of a component, when the
   * text ends with a lone backslash, and beyond 4,096 characters or 100 components.
   */
  static parse(name: Name): CompositeName {
    if (name instanceof CompositeName) return name
    const before = known.get(name)
    if (before !== undefined) return before
    const parsed = CompositeName.#parse(name)
    if (name.length <= maximumKnownLength) {
      if (known.size === maximumKnown) known.clear()
      known.set(name, parsed)
    }
    return parsed
  }

  static #parse(name: string): CompositeName {
    if (typeof name !== 'string') throw invalid(String(name), 'a name is a text or a CompositeName')
    if (name.length > maximumLength)
      throw invalid(name, `${name.length} characters; at most ${maximumLength}`)
    const components = /[\\'"]/.test(name) ? parseWithEscapes(name) : split(name)
    if (components.length > maximumComponents) {
      throw invalid(name, `${components.length} components; at most ${maximumComponents}`)
    }
    return new CompositeName(components)
  }

  /** A name of these components, taken as they are. */
  static of(...components: readonly string[]): CompositeName {
    return new CompositeName(components)
  }

  /** Whether it has no component, and so stands for the context itself. */
  get isEmpty(): boolean {
    return this.components.length === 0
  }

  /** The first components, `count` of them. */
  prefix(count: number): CompositeName {
    return new CompositeName(this.components.slice(0, count))
  }

  /** The components from a position on. */
  suffix(from: number): CompositeName {
    return new CompositeName(this.components.slice(from))
  }

  /** This name, and another one after it. */
  concat(name: CompositeName): CompositeName {
    return new CompositeName([...this.components, ...name.components])
  }

  /** Whether the other has the same components. */
  equals(other: CompositeName): boolean {
    return (
      this.components.length === other.components.length &&
      this.components.every((component, index) => component === other.components[index])
    )
  }

  /** The text that parses to this name. */
  toString(): string {
    const text = this.components.map(escapeComponent).join('/')
    // One separator fewer would be one component fewer where all are empty: '' has none, '/' has one.
    return this.components.every((component) => component === '') && !this.isEmpty ? `${text}/` : text
  }

  /** As {@link CompositeName.toString}. */
  toJSON(): string {
    return this.toString()
  }
}

/** The prefix that Java applications write before names of resources (Jakarta EE Platform, section on naming). */
const environmentPrefix = ['java:comp', 'env']

/**
 * The name as the initial context knows it: `java:comp/env/jdbc/x` is `jdbc/x`. Others are returned as they are.
 *
 * @throws InvalidNameException for other names that begin with `java:`, which nothing here could have bound.
 */
export function withoutEnvironmentPrefix(name: CompositeName): CompositeName {
  if (name.components[0]?.startsWith('java:') !== true) return name
  if (environmentPrefix.every((component, index) => component === name.components[index]))
    return name.suffix(2)
  throw invalid(name.toString(), `of those that begin with 'java:' only java:comp/env is known`)
}

function split(text: string): string[] {
  const components = text.split('/')
  // All components empty: each separator stands for one of them, so the piece after the last is none.
  if (components.every((component) => component === '')) components.pop()
  return components
}

function parseWithEscapes(text: string): string[] {
  const components: string[] = []
  let position = 0
  for (;;) {
    const quote = text[position]
    const { component, end } =
      quote === '"' || quote === "'" ? quoted(text, position, quote) : unquoted(text, position)
    components.push(component)
    if (end === text.length) return components
    position = end + 1
    // As in split(): after a trailing separator comes one more, unless all are empty.
    if (position === text.length && components.every((before) => before === '')) return components
  }
}

function quoted(text: string, start: number, quote: string): { component: string; end: number } {
  let component = ''
  for (let position = start + 1; position < text.length; position++) {
    if (text[position] === quote) {
      const end = position + 1
      if (end === text.length || text[end] === '/') return { component, end }
      throw invalid(text, 'a quote closes before the end of its component')
    }
    // Between quotes a backslash has a meaning only before the closing quote.
    if (text[position] === '\\' && text[position + 1] === quote) position++
    component += text[position]
  }
  throw invalid(text, 'a quote is not closed')
}

function unquoted(text: string, start: number): { component: string; end: number } {
  let component = ''
  let position = start
  for (; position < text.length && text[position] !== '/'; position++) {
    if (text[position] === '\\') {
      if (position + 1 === text.length) throw invalid(text, 'a backslash at the end stands for nothing')
      if (isMeta(text[position + 1])) position++
    }
    component += text[position]
  }
  return { component, end: position }
}

function escapeComponent(component: string): string {
  let text = ''
  for (let position = 0; position < component.length; position++) {
    const character = component[position]!
    const escaped =
      character === '/' ||
      (character === '\\' && (position + 1 === component.length || isMeta(component[position + 1]))) ||
      (position === 0 && (character === '"' || character === "'"))
    text += escaped ? `\\${character}` : character
  }
  return text
}

function isMeta(character: string | undefined): boolean {
  return character === '/' || character === '\\' || character === '"' || character === "'"
}

function invalid(text: string, why: string): InvalidNameException {
  return new InvalidNameException(`'${shorten(text)}' is not a name: ${why}`)
}

/** A name within a message, at a length that can be read. */
export function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
