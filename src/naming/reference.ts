import type { ConfigurationPlace } from './naming-exception.ts'

/** Names and values from which a factory makes an object. */
export type ReferenceProperties = Readonly<Record<string, unknown>>

/** Options of a {@link Reference}. */
export interface ReferenceOptions {
  /** Where a property was written (`wellhead.yaml:3:5`), for messages. Default: nowhere in particular. */
  readonly origin?: ReferenceOrigin | undefined
}

/** Tells where the properties of a reference were written. */
export interface ReferenceOrigin {
  /** The place of a property by its path, or the nearest place around it. */
  placeOf(path: readonly string[]): ConfigurationPlace
}

/**
 * How to make an object, in place of the object (`javax.naming.Reference`). Bound in a context, it is turned into
 * the object by the {@link ObjectFactory} of its type at the first lookup.
 *
 * The properties may be secret: neither `util.inspect` nor `JSON.stringify` shows them.
 */
export class Reference {
  /** Which factory makes the object: `DataSource`, or the type of one that the application gave to the context. */
  readonly type: string
  readonly #properties: ReferenceProperties | (() => ReferenceProperties)
  readonly #origin: ReferenceOrigin | undefined

  /**
   * @param properties Taken as they are now. A function is called anew at each creation; it may throw, and the next
   * lookup calls it again.
   */
  constructor(
    type: string,
    properties: ReferenceProperties | (() => ReferenceProperties),
    options: ReferenceOptions = {},
  ) {
    this.type = type
    this.#properties = typeof properties === 'function' ? properties : { ...properties }
    this.#origin = options.origin
  }

  /** From which the factory makes the object. May throw where they are looked up anew. */
  properties(): ReferenceProperties {
    return typeof this.#properties === 'function' ? this.#properties() : this.#properties
  }

  /** This reference with the properties as they are at the moment. */
  snapshot(): Reference {
    if (typeof this.#properties !== 'function') return this
    return new Reference(this.type, this.#properties(), { origin: this.#origin })
  }

  /**
   * Whether the other makes the same: of the same type, from properties that say the same at the moment. Objects that are
   * no mere data (a driver, a function) say the same only when they are the same.
   */
  equals(other: Reference): boolean {
    return this.type === other.type && isSame(this.properties(), other.properties())
  }

  /** Where the properties were written; a method, so that printing a reference does not print it. */
  origin(): ReferenceOrigin | undefined {
    return this.#origin
  }
}

/**
 * A second name for what is bound under another (`javax.naming.LinkRef`). Followed at each lookup, so it leads to
 * whatever the other name means by then.
 */
export class LinkRef {
  /** The other name, from the initial context (of the scope in which it is followed). */
  readonly linkName: string

  constructor(linkName: string) {
    this.linkName = linkName
  }
}

/**
 * Makes objects of one type from references (`javax.naming.spi.ObjectFactory`). The application gives it to the
 * context; a configuration file can name its type, never code to load.
 */
export interface ObjectFactory {
  /** The type of the references that it turns into objects. */
  readonly type: string
  /**
   * Called once for all that look the name up while nothing is there yet, and again only after it failed. The
   * context closes the object: by `Symbol.asyncDispose`, else `Symbol.dispose`, else `close()`, where it has one.
   *
   * @param name The name that the reference is bound to.
   */
  getObjectInstance(reference: Reference, name: string): object | Promise<object>
}

/** Not structurally: of an object with a state of its own nobody sees from outside what it would do. */
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (!isData(one) || !isData(other) || Array.isArray(one) !== Array.isArray(other)) return false
  const keys = Object.keys(one)
  if (keys.length !== Object.keys(other).length) return false
  return keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]))
}

function isData(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === Object.prototype || prototype === null
}
