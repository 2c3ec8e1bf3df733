import { SQLException, SQLInvalidAuthorizationSpecException } from '../api/sql-exception.ts'
import { at } from './borrowers.ts'
import type { PoolEventName, PoolEvents } from './events.ts'

/** What is said of an event: under a code, once for each pool. */
interface Warning {
  readonly code: string
  readonly message: string
  readonly detail?: string | undefined
}

/**
 * Four things still speak when nobody listens, each once for a pool, by `process.emitWarning`: the first leak
 * (`WELLHEAD_LEAK`), an outage (`WELLHEAD_OUTAGE`) and its end (`WELLHEAD_OUTAGE_ENDED`), credentials that are refused
 * (`WELLHEAD_CREDENTIALS`); the fourth, a listener that threw, speaks by itself.
 */
export class UnheardEvents {
  readonly #name: string
  readonly #said = new Set<string>()

  constructor(name: string) {
    this.#name = name
  }

  tell<Name extends PoolEventName>(name: Name, event: PoolEvents[Name]): void {
    const warn: ((event: PoolEvents[Name]) => Warning | undefined) | undefined = warnings[name]
    const warning = warn?.(event)
    if (warning === undefined || this.#said.has(warning.code)) return
    // Nor the end of what nobody was told of.
    if (name === 'recovered' && !beginnings.some((code) => this.#said.has(code))) return
    this.#said.add(warning.code)
    const { code, message, detail } = warning
    const options = { type: 'WellheadWarning', code, ...(detail !== undefined && { detail }) }
    process.emitWarning(`${this.#name}: ${message}`, options)
  }
}

const beginnings = ['WELLHEAD_OUTAGE', 'WELLHEAD_CREDENTIALS']

const warnings: { readonly [Name in PoolEventName]?: (event: PoolEvents[Name]) => Warning | undefined } = {
  leakSuspected: ({ member, used, stack }) => ({
    code: 'WELLHEAD_LEAK',
    message:
      `${member.id} has been held for ${Math.round(used)} ms, longer than leakDetectionThreshold${borrowedAt(stack)}; ` +
      "further ones are told by the event 'leakSuspected' only",
    detail: stack,
  }),
  leakRecovered: ({ member, used, stack, why }) =>
    why === 'reclaimed'
      ? undefined
      : {
          code: 'WELLHEAD_LEAK',
          message:
            `the handle of ${member.id} was dropped without close() after ${Math.round(used)} ms at the most` +
            `${borrowedAt(stack)}; its connection was taken back, and further ones are told by the event ` +
            "'leakRecovered' only",
          detail: stack,
        },
  connectFailed({ error }) {
    if (error instanceof SQLInvalidAuthorizationSpecException) {
      return {
        code: 'WELLHEAD_CREDENTIALS',
        message: `the database refuses the credentials: ${error.message}`,
      }
    }
    // What trying again does not mend is told to whoever asks, as it is.
    if (error instanceof SQLException && error.retry === 'no') return undefined
    const cause = error instanceof Error ? error.message : String(error)
    return { code: 'WELLHEAD_OUTAGE', message: `no connection can be made, and it is tried again: ${cause}` }
  },
  recovered: ({ took }) => ({
    code: 'WELLHEAD_OUTAGE_ENDED',
    message: `connections can be made again, after ${Math.round(took)} ms`,
  }),
}

function borrowedAt(stack: string | undefined): string {
  return stack === undefined
    ? ' (leakStackSampling: 1 tells where it was borrowed)'
    : `, borrowed${at(stack)}`
}
