import { callListener } from '../session/listeners.ts'
import type { CompositeName } from './composite-name.ts'

/** What is bound to a name, without the object itself: nothing in an event can be secret. */
export interface NamingEventBinding {
  /** From the initial context. */
  readonly name: string
  readonly className: string
}

/** A change of names (`javax.naming.event.NamingEvent`). */
export interface NamingEvent {
  readonly type: 'objectAdded' | 'objectChanged' | 'objectRemoved' | 'objectRenamed'
  /** Undefined when something was added. */
  readonly oldBinding: NamingEventBinding | undefined
  /** Undefined when something was removed. */
  readonly newBinding: NamingEventBinding | undefined
}

/**
 * Hears of changes of names (`NamespaceChangeListener` and `ObjectChangeListener`). Called when the change is done,
 * before the method that made it returns or waits; in the order of the changes, also of those that a listener makes.
 * One that throws is reported by `process.emitWarning`, and harms nobody.
 */
export interface NamingListener {
  /** A name, or a context, is new. */
  objectAdded?(event: NamingEvent): void
  /** A name leads to something else: by `rebind`, by `override`, and by the end of an override. */
  objectChanged?(event: NamingEvent): void
  objectRemoved?(event: NamingEvent): void
  /** Of a context: once for it, and not for the names in it. Both names are told, also one outside of the scope. */
  objectRenamed?(event: NamingEvent): void
}

/**
 * Which names a listener hears of: that of the target (`OBJECT_SCOPE`), those in it but neither itself nor what is
 * deeper (`ONELEVEL_SCOPE`), itself and everything below (`SUBTREE_SCOPE`).
 */
export type NamingEventScope = 'object' | 'one-level' | 'subtree'

/** A name in a change, and the class of what is bound to it. */
export interface NamedClass {
  readonly name: CompositeName
  readonly className: string
}

interface Registration {
  /** Those added first are notified first. */
  readonly order: number
  /** The context that it was added to. */
  readonly owner: object
  readonly target: string
  readonly scope: NamingEventScope
  readonly listener: NamingListener
}

/** The listeners of a namespace, by target: what an event costs depends on the depth of its name, not on their number. */
export class NamingListeners {
  readonly #byTarget = new Map<string, readonly Registration[]>()
  readonly #queue: { readonly event: NamingEvent; readonly registrations: readonly Registration[] }[] = []
  #notifying = false
  #added = 0

  /** One added twice for the same counts once. */
  add(owner: object, name: CompositeName, scope: NamingEventScope, listener: NamingListener): void {
    const target = name.toString()
    const others = this.#byTarget.get(target) ?? []
    const known = others.some(
      (other) => other.owner === owner && other.scope === scope && other.listener === listener,
    )
    if (known) return
    this.#byTarget.set(target, [...others, { order: this.#added++, owner, target, scope, listener }])
  }

  /** For all targets and scopes that it was added for by that owner. */
  remove(owner: object, listener: NamingListener): void {
    for (const [target, registrations] of this.#byTarget) {
      const others = registrations.filter((other) => other.owner !== owner || other.listener !== listener)
      if (others.length === 0) this.#byTarget.delete(target)
      else if (others.length < registrations.length) this.#byTarget.set(target, others)
    }
  }

  /** Tells a change that is done. Those that listeners make are told when this one was told to everybody. */
  fire(type: NamingEvent['type'], before: NamedClass | undefined, after: NamedClass | undefined): void {
    if (this.#byTarget.size === 0) return
    const registrations = this.#concerned(before?.name, after?.name)
    if (registrations.length === 0) return
    const event = Object.freeze({ type, oldBinding: toldOf(before), newBinding: toldOf(after) })
    this.#queue.push({ event, registrations })
    if (this.#notifying) return
    this.#notifying = true
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#notify(next.event, next.registrations)
    }
    this.#notifying = false
  }

  #concerned(...names: readonly (CompositeName | undefined)[]): readonly Registration[] {
    const concerned = new Set<Registration>()
    for (const name of names) {
      const depth = name?.components.length ?? -1
      for (let level = 0; level <= depth; level++) {
        for (const registration of this.#byTarget.get(name!.prefix(level).toString()) ?? []) {
          if (covers(registration.scope, depth - level)) concerned.add(registration)
        }
      }
    }
    return [...concerned].toSorted((one, other) => one.order - other.order)
  }

  /** Each listener hears of a change once, for however many targets and scopes it was added. */
  #notify(event: NamingEvent, registrations: readonly Registration[]): void {
    const notified = new Set<NamingListener>()
    for (const registration of registrations) {
      const { listener, target } = registration
      const wasRemoved = this.#byTarget.get(target)?.includes(registration) !== true
      if (wasRemoved || notified.has(listener)) continue
      notified.add(listener)
      callListener('The naming context', event.type, listener, notify, event)
    }
  }
}

function covers(scope: NamingEventScope, levelsBelow: number): boolean {
  switch (scope) {
    case 'object':
      return levelsBelow === 0
    case 'one-level':
      return levelsBelow === 1
    case 'subtree':
      return true
  }
}

function toldOf(named: NamedClass | undefined): NamingEventBinding | undefined {
  return named && Object.freeze({ name: named.name.toString(), className: named.className })
}

function notify(listener: NamingListener, event: NamingEvent): unknown {
  return listener[event.type]?.(event)
}
