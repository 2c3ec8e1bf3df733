import { nearestName } from '../spi/settings.ts'
import { CompositeName, shorten, type Name } from './composite-name.ts'
import {
  LinkLoopException,
  NameNotFoundException,
  OperationNotSupportedException,
  WrongTypeException,
} from './naming-exception.ts'

/** More links behind one another than anybody means; JNDI allows a limit. */
const maximumLinks = 16

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

export function nextLink(links: number, name: CompositeName): number {
  if (links < maximumLinks) return links + 1
  throw new LinkLoopException(`'${shown(name)}' leads over more than ${maximumLinks} links, or in a circle`, {
    resolvedName: name,
  })
}

export function contextInTheWay(name: CompositeName, operation: string): OperationNotSupportedException {
  return new OperationNotSupportedException(
    `'${shown(name)}' is a context; ${operation} does not remove contexts`,
    {
      resolvedName: name,
    },
  )
}

export function wrongType(name: Name, object: unknown, wanted: string): WrongTypeException {
  return new WrongTypeException(
    `'${shown(name)}' is ${articleOf(classNameOfObject(object))}, not a ${wanted}`,
    {
      resolvedName: CompositeName.parse(name),
    },
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
