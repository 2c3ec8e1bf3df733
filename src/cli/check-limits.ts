import type { CheckedSource, CheckProblem } from './check-source.ts'
import type { ConnectionLimit } from './databases.ts'

/** What a server, a database or a role gives, and what the data sources may take of it. */
export interface LimitFinding {
  readonly what: string
  readonly maximum: number
  /** Of all processes; `unlimited` where a data source is. */
  readonly total: number | 'unlimited'
  /** Of one process. */
  readonly dataSources: readonly {
    readonly name: string
    readonly maximumPoolSize: number | 'unlimited'
  }[]
}

/** Adds up what those may take that share a limit. */
export function checkLimits(
  sources: readonly CheckedSource[],
  processes: number,
): { readonly finding: LimitFinding; readonly problem: CheckProblem | undefined }[] {
  const shared = new Map<string, { limit: ConnectionLimit; sources: CheckedSource[] }>()
  for (const source of sources) {
    if (source.maximumPoolSize === undefined) continue
    for (const limit of source.limits) {
      const known = shared.get(limit.key)
      if (known === undefined) shared.set(limit.key, { limit, sources: [source] })
      else known.sources.push(source)
    }
  }
  return Array.from(shared.values(), ({ limit, sources: sharing }) => {
    const sum = sharing.reduce((total, { maximumPoolSize }) => total + maximumPoolSize!, 0)
    const total = sum * processes
    const finding: LimitFinding = {
      what: limit.what,
      maximum: limit.maximum,
      total: inWords(total),
      dataSources: sharing.map(({ finding: { name }, maximumPoolSize }) => ({
        name,
        maximumPoolSize: inWords(maximumPoolSize!),
      })),
    }
    return { finding, problem: total > limit.maximum ? tooMany(finding, processes) : undefined }
  })
}

function tooMany({ what, maximum, total, dataSources }: LimitFinding, processes: number): CheckProblem {
  const names = dataSources.map(({ name }) => name).join(', ')
  const who = processes === 1 ? 'one process' : `${processes} processes`
  return {
    dataSource: undefined,
    configuration: false,
    message: `${names}: ${who} may open ${total} connections, and ${what} gives ${maximum}`,
    remedy: `lower maximumPoolSize to ${affordable(maximum, processes, dataSources.length)}, or have the limit raised`,
  }
}

function affordable(maximum: number, processes: number, sources: number): string {
  const each = Math.max(1, Math.floor(maximum / processes / sources))
  return sources === 1 ? `${each} at most` : `${each} each at most`
}

function inWords(count: number): number | 'unlimited' {
  return count === Infinity ? 'unlimited' : count
}
