/** Where something of a configuration was written. */
export type ConfigurationPlace = FilePlace | ObjectPlace

/** A place in a configuration file. */
export interface FilePlace {
  /** As it was given to `fromFile`. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units as editors count. */
  readonly column: number
}

/** A place in a configuration that the application gave as an object. */
export interface ObjectPlace {
  /** The keys that lead there. */
  readonly path: readonly string[]
}

/** `wellhead.yaml:3:5`, or `dataSources['jdbc/x'].url`. */
export function describePlace(place: ConfigurationPlace): string {
  if ('file' in place) return `${place.file}:${place.line}:${place.column}`
  const [first = 'configuration', ...others] = place.path
  return first + others.map((key) => (/^[a-z_$][\w$]*$/i.test(key) ? `.${key}` : `['${key}']`)).join('')
}
