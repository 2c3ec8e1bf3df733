/** A class, as the key to an object behind an interface. */
export type ClassToken<T> = abstract new (...args: never[]) => T

/** Access to what is behind an object (`java.sql.Wrapper`). */
export interface Wrapper {
  /** The object of that class behind this one. Throws `SQLException` HY000 when there is none. */
  unwrap<T>(token: ClassToken<T>): T
  /** Whether {@link Wrapper.unwrap} would succeed. */
  isWrapperFor(token: ClassToken<unknown>): boolean
}
