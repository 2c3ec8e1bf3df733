import { DataSource } from '../api/data-source.ts'
import type { DataSourceHealth } from '../api/data-source-health.ts'
import { nameAfterClass } from '../api/error-name.ts'
import type { DeadlineOptions } from '../api/executor.ts'
import { toSQLException } from '../session/session-errors.ts'
import { PooledDataSource, type DataSourceStartOptions } from '../source/pooled-data-source.ts'
import type { Binding, ContextNode } from './context-node.ts'

/** What a context answers when the health of its data sources is asked for. */
export interface ContextHealth {
  /** All are; also when there is none yet. */
  readonly ok: boolean
  /** By their names from the initial context. */
  readonly dataSources: Readonly<Record<string, DataSourceHealth>>
}

/** What kept one name of a context from starting. */
export interface ContextStartFailure {
  /** From the initial context. */
  readonly name: string
  readonly error: Error
}

/** Data sources of a context could not be started: which, and why. */
export class ContextStartError extends AggregateError {
  readonly failures: readonly ContextStartFailure[]

  constructor(failures: readonly ContextStartFailure[], all: number) {
    const reasons = failures.map(({ name, error }) => `'${name}': ${error.message}`).join('; ')
    const errors = failures.map(({ error }) => error)
    super(errors, `${failures.length} of ${all} objects of the context could not be started: ${reasons}`)
    this.failures = failures
  }

  static {
    nameAfterClass(this)
  }
}

/** See `NamingContext.start`. */
export async function startContext(node: ContextNode, options: DataSourceStartOptions = {}): Promise<void> {
  const references = bindingsBelow(node).filter(isReference)
  const started = await Promise.allSettled(
    references.map(async ({ binding }) => {
      const made = await binding.object.get()
      if (!(made instanceof DataSource) || !made.isWrapperFor(PooledDataSource)) return
      await made.unwrap(PooledDataSource).start(options)
    }),
  )
  const failures = started.flatMap((outcome, at): ContextStartFailure[] =>
    outcome.status === 'fulfilled' ? [] : [{ name: references[at]!.name, error: outcome.reason }],
  )
  if (failures.length > 0) throw new ContextStartError(failures, references.length)
}

/** See `NamingContext.health`. */
export async function healthOfContext(node: ContextNode, options?: DeadlineOptions): Promise<ContextHealth> {
  const asked = bindingsBelow(node).flatMap(({ name, binding }) => {
    const source = presentSource(binding)
    return source === undefined ? [] : [healthOf(name, source, options)]
  })
  const told = await Promise.all(asked)
  return { ok: told.every(([, { ok }]) => ok), dataSources: Object.fromEntries(told) }
}

async function healthOf(
  name: string,
  source: DataSource,
  options: DeadlineOptions | undefined,
): Promise<[string, DataSourceHealth]> {
  try {
    return [name, await source.health(options)]
  } catch (error) {
    const lastError = toSQLException(error)
    // Wrong options, and a signal that ended the call, are no news of the database.
    if (lastError.reason === 'parameter' || options?.signal?.aborted === true) throw error
    return [name, { ok: false, latency: undefined, serverVersion: undefined, lastError, age: 0 }]
  }
}

interface NamedBinding<Kind extends Binding = Binding> {
  readonly name: string
  readonly binding: Kind
}

type ReferenceBinding = Extract<Binding, { kind: 'reference' }>

/** Of this context and of those below it. Links are left out: what they lead to has its own name. */
function bindingsBelow(node: ContextNode): NamedBinding[] {
  // Fails once the context is closed or destroyed.
  node.parse('')
  return node.components.flatMap((component): NamedBinding[] => {
    const binding = node.get(component)!
    if (binding.kind === 'context') return bindingsBelow(binding.node)
    return [{ name: node.nameOf(component).toString(), binding }]
  })
}

function isReference(named: NamedBinding): named is NamedBinding<ReferenceBinding> {
  return named.binding.kind === 'reference'
}

/** Without making one. */
function presentSource(binding: Binding): DataSource | undefined {
  if (binding.kind === 'reference') return binding.object.present
  return binding.kind === 'object' && binding.object instanceof DataSource ? binding.object : undefined
}
