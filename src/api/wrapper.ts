/** The key to an object of a type: a class, or what stands for an interface (`DataSource`). */
export type ClassToken<T> = (abstract new (...args: never[]) => T) | InterfaceToken<T>

/** Stands for an interface at run time: `object instanceof DataSource` asks it. */
export interface InterfaceToken<T> {
  readonly name: string
  [Symbol.hasInstance](value: unknown): value is T
}

/** Access to what is behind an object (`java.sql.Wrapper`). */
export interface Wrapper {
  /** The object of that class behind this one. Throws `SQLException` HY000 when there is none. */
  unwrap<T>(token: ClassToken<T>): T
  /** Whether {@link Wrapper.unwrap} would succeed. */
  isWrapperFor(token: ClassToken<unknown>): boolean
}

/** The key of an interface that is recognised by its methods. */
export function interfaceToken<T extends object>(
  name: string,
  methods: readonly (string & keyof T)[],
): InterfaceToken<T> {
  return {
    name,
    [Symbol.hasInstance](value: unknown): value is T {
      if (typeof value !== 'object' || value === null) return false
      return methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function')
    },
  }
}

/** The object as what the token stands for, or undefined when it is not. */
export function asInstance<T>(value: unknown, token: ClassToken<T>): T | undefined {
  return value instanceof token ? (value as T) : undefined
}
