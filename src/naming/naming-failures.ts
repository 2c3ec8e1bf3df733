import { nearestName } from '../spi/nearest-name.ts'
import { CompositeName, shorten, type Name } from './composite-name.ts'
import {
  InvalidNameException,
  LinkLoopException,
  NameNotFoundException,
  NotContextException,
  OperationNotSupportedException,
  WrongTypeException,
  type NamingExceptionDetails,
} from './naming-exception.ts'

/** More links behind one another than anybody means; JNDI allows a limit. */
const maximumLinks = 16

const nothing = CompositeName.of()

/** A name that was found to its end. */
export function found(resolvedName: CompositeName): NamingExceptionDetails {
  return { resolvedName, remainingName: nothing }
}

/** A name that was found up to its last component. */
export function foundContextOf(name: CompositeName): NamingExceptionDetails {
  const last = name.components.length - 1
  return { resolvedName: name.prefix(last), remainingName: name.suffix(last) }
}

/**
 * @param name The part up to the component that is missing.
 * @param after What the name says behind it.
 * @param siblings What is bound beside it.
 */
export function notFound(
  name: CompositeName,
  after: CompositeName,
  siblings: Iterable<string>,
): NameNotFoundException {
  const parent = name.prefix(name.components.length - 1)
  const missing = name.suffix(parent.components.length)
  const nearest = nearestName(missing.components[0] ?? '', [...siblings])
  const hint =
    nearest === undefined ? '' : `; did you mean '${shown(parent.concat(CompositeName.of(nearest)))}'?`
  return new NameNotFoundException(`'${shown(name)}' is not bound${hint}`, {
    resolvedName: parent,
    remainingName: missing.concat(after),
  })
}

/** @param start The context that the name starts from. */
export function checkComponents(name: CompositeName, start: CompositeName): void {
  const details = { resolvedName: start, remainingName: name }
  if (name.isEmpty) throw new InvalidNameException('The empty name is the context itself', details)
  if (!name.components.includes('')) return
  throw new InvalidNameException(
    `'${shown(name)}' has an empty component; write single separators, and none at the ends`,
    details,
  )
}

export function nextLink(links: number, name: CompositeName, after: CompositeName): number {
  if (links < maximumLinks) return links + 1
  throw new LinkLoopException(`'${shown(name)}' leads over more than ${maximumLinks} links, or in a circle`, {
    resolvedName: name,
    remainingName: after,
  })
}

export function notContext(name: CompositeName, after: CompositeName): NotContextException {
  const beyond = after.isEmpty ? '' : `, so there is no '${shown(after)}' in it`
  return new NotContextException(`'${shown(name)}' is not a context${beyond}`, {
    resolvedName: name,
    remainingName: after,
  })
}

/** @param why Begins behind the name: `is frozen`. */
export function notSupported(
  name: CompositeName,
  why: string,
  details: NamingExceptionDetails = found(name),
): OperationNotSupportedException {
  return new OperationNotSupportedException(`'${shown(name)}' ${why}`, details)
}

export function contextInTheWay(name: CompositeName, operation: string): OperationNotSupportedException {
  return notSupported(name, `is a context; ${operation} does not remove contexts`)
}

/** A scope shows the names around it, and cannot take them away. */
export function notOfThisScope(name: CompositeName, operation: string): OperationNotSupportedException {
  return notSupported(name, `belongs to the context around this scope; ${operation} it there`)
}

export function wrongType(name: CompositeName, object: unknown, wanted: string): WrongTypeException {
  return new WrongTypeException(
    `'${shown(name)}' is ${articleOf(classNameOfObject(object))}, not a ${wanted}`,
    found(name),
  )
}

export function classNameOfObject(object: unknown): string {
  if (object === null) return 'null'
  if (typeof object !== 'object') return typeof object
  const { constructor } = object as { constructor?: unknown }
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'Object'
}

function articleOf(className: string): string {
  if (className === 'null') return className
  return `${/^[aeiou]/i.test(className) ? 'an' : 'a'} ${className}`
}

/** A name within a message. */
export function shown(name: Name): string {
  return shorten(name.toString())
}
