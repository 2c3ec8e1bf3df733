import { nameAfterClass } from '../api/error-name.ts'
import type { CompositeName } from './composite-name.ts'
import { describePlace, type ConfigurationPlace } from './configuration-place.ts'

export type { ConfigurationPlace, FilePlace, ObjectPlace } from './configuration-place.ts'

/** What a naming exception knows beside its message. */
export interface NamingExceptionDetails {
  /** The part of the name that was found, from the initial context. Default: the error is about no name. */
  readonly resolvedName?: CompositeName | undefined
  /** The rest, which was not, or empty. Default: as before. */
  readonly remainingName?: CompositeName | undefined
  /** What made it fail (the root cause of JNDI). */
  readonly cause?: unknown
}

/** The root of all errors of contexts and configuration (`javax.naming.NamingException`). */
export class NamingException extends Error {
  /** As in {@link NamingExceptionDetails}. */
  readonly resolvedName: CompositeName | undefined
  /** As in {@link NamingExceptionDetails}. */
  readonly remainingName: CompositeName | undefined

  constructor(explanation: string, details: NamingExceptionDetails = {}) {
    super(explanation, details.cause === undefined ? undefined : { cause: details.cause })
    this.resolvedName = details.resolvedName
    this.remainingName = details.remainingName
  }

  /** JNDI's word for the message. */
  get explanation(): string {
    return this.message
  }

  /** JNDI's word for the cause. */
  get rootCause(): unknown {
    return this.cause
  }

  static {
    nameAfterClass(this)
  }
}

/** A text is not a composite name, or the name cannot be used for this (`javax.naming.InvalidNameException`). */
export class InvalidNameException extends NamingException {
  static {
    nameAfterClass(this)
  }
}

/** Nothing is bound to the name (`javax.naming.NameNotFoundException`). */
export class NameNotFoundException extends NamingException {
  static {
    nameAfterClass(this)
  }
}

/** `bind` does not replace; `rebind` does (`javax.naming.NameAlreadyBoundException`). */
export class NameAlreadyBoundException extends NamingException {
  static {
    nameAfterClass(this)
  }
}

/** The name goes on behind something that is not a context (`javax.naming.NotContextException`). */
export class NotContextException extends NamingException {
  static {
    nameAfterClass(this)
  }
}

/** Only an empty context can be destroyed (`javax.naming.ContextNotEmptyException`). */
export class ContextNotEmptyException extends NamingException {
  static {
    nameAfterClass(this)
  }
}

/** A link leads round in a circle, or over too many others (`javax.naming.LinkLoopException`). */
export class LinkLoopException extends NamingException {
  static {
    nameAfterClass(this)
  }
}

/** The context cannot do this, or was frozen (`javax.naming.OperationNotSupportedException`). */
export class OperationNotSupportedException extends NamingException {
  static {
    nameAfterClass(this)
  }
}

/** The context was closed (`javax.naming.ServiceUnavailableException`). */
export class ServiceUnavailableException extends NamingException {
  static {
    nameAfterClass(this)
  }
}

/** What is bound to the name is not what the caller asked for; Java has its ClassCastException here. */
export class WrongTypeException extends NamingException {
  static {
    nameAfterClass(this)
  }
}

/** A configuration cannot be used as it is (`javax.naming.ConfigurationException`). The message begins with the place. */
export class ConfigurationException extends NamingException {
  /** Default: the settings came from no configuration. */
  readonly place: ConfigurationPlace | undefined

  constructor(
    explanation: string,
    details: NamingExceptionDetails & { readonly place?: ConfigurationPlace | undefined } = {},
  ) {
    const { place } = details
    super(place === undefined ? explanation : `${describePlace(place)}: ${explanation}`, details)
    this.place = place
  }

  static {
    nameAfterClass(this)
  }
}
