import type { ExceptionOverride } from '../api/exception-override.ts'
import {
  choice,
  count,
  duration,
  flag,
  InvalidSettingError,
  onlyInCode,
  optional,
  share,
  texts,
  validateSettings,
  wordOr,
} from '../spi/settings.ts'
import type { SettingDefinition, SettingSchema, SettingsOf, SettingsTable } from '../spi/settings.ts'

/**
 * The limits of a pool of anything: sizes, times, how it grows. HikariCP's names where it has the concept.
 *
 * With {@link poolSettings} the one source of validation, defaults, documentation and JSON Schema.
 */
export const poolLimits = {
  maximumPoolSize: setting(count({ min: 1, unlimited: true }), {
    default: 10,
    meaning: 'Physical connections at any moment, those being opened and closed included.',
  }),
  softPoolSize: setting(optional(count({ min: 0, unlimited: true })), {
    meaning: 'The total that the pool falls back to after a rush; default: maximumPoolSize.',
  }),
  overflowTimeout: setting(duration(), {
    default: '30s',
    meaning: 'How long a connection may stay idle while there are more than softPoolSize.',
  }),
  minimumIdle: setting(count({ min: 0 }), {
    default: 0,
    meaning: 'Idle connections kept ready; refilled in the background, up to softPoolSize in total.',
  }),
  connectionTimeout: setting(duration(), {
    default: '30s',
    meaning: 'How long getConnection may take when the call does not say: queue, connect and validation.',
  }),
  maxWaiters: setting(count({ min: 0, unlimited: true }), {
    default: 'unlimited',
    meaning: 'Callers that may wait while all connections are in use; beyond it getConnection fails at once.',
  }),
  queue: setting(choice('fifo', 'codel'), {
    default: 'fifo',
    meaning:
      'Who waits is served in the order of coming; codel: when more is asked for than can be served, the newest first, and who waits too long is refused at once.',
  }),
  nestedAcquisition: setting(choice('warn', 'error', 'allow'), {
    default: 'warn',
    meaning:
      'What happens when a function of withConnection or transaction asks for another connection while all are in use.',
  }),
  loginTimeout: setting(duration(), {
    default: '10s',
    meaning: 'How long one physical connect may take.',
  }),
  validateAfterIdle: setting(duration({ off: true }), {
    default: '500ms',
    meaning: "A connection idle for longer is checked before it is lent; 0 always, 'off' never.",
  }),
  onStale: setting(choice('validate', 'reconnect'), {
    default: 'validate',
    meaning:
      'A connection idle for longer, or that may have died with another: validate asks it, reconnect replaces it.',
  }),
  validationTimeout: setting(duration(), {
    default: '5s',
    meaning: 'How long a check, or the restoring of a session, may take before the connection is given up.',
  }),
  idleTimeout: setting(duration({ off: true }), {
    default: '10m',
    meaning: 'Idle connections above minimumIdle are closed after this time.',
  }),
  maxLifetime: setting(duration({ off: true }), {
    default: '30m',
    meaning:
      'Connections are replaced at this age, less a random 2.5 to 10 % so that they do not go together.',
  }),
  maxUses: setting(count({ min: 1, unlimited: true }), {
    default: 'unlimited',
    meaning: 'Connections are replaced after having been lent this often.',
  }),
  keepaliveTime: setting(duration({ off: true }), {
    default: '2m',
    meaning: 'An idle connection is checked in the background this often.',
  }),
  leakDetectionThreshold: setting(duration({ off: true }), {
    default: 'off',
    meaning:
      'A connection held for longer is reported once; one whose handle was dropped without close() is reported and taken back.',
  }),
  leakStackSampling: setting(share(), {
    default: 0,
    meaning:
      'The share of borrowings, from 0 to 1, of which it is kept where they were made; without leakDetectionThreshold only they are watched.',
  }),
  leakReclaim: setting(flag(), {
    default: false,
    meaning:
      'While callers wait, connections held for longer than leakDetectionThreshold on which nothing runs are taken back.',
  }),
  maxConcurrentConnects: setting(wordOr('auto', count({ min: 1 })), {
    default: 'auto',
    meaning: 'A ceiling on connects in flight; auto: none beyond what the queue justifies.',
  }),
} as const satisfies SettingsTable

/** All settings of a pool of connections. */
export const poolSettings = {
  ...poolLimits,
  queryTimeout: setting(duration({ off: true }), {
    default: 'off',
    meaning: 'How long one statement may take when the call does not say.',
  }),
  networkTimeout: setting(duration({ off: true }), {
    default: 'off',
    meaning:
      'A connection is given up when an answer is awaited on it and nothing comes for this long. SQLite has no network.',
  }),
  connectionInitSql: setting(texts(), {
    default: [],
    meaning: 'Statements run once on each new physical connection.',
  }),
  sessionReset: setting(choice('auto', 'always', 'never'), {
    default: 'auto',
    meaning:
      'Whether a returned session is restored: auto when it was changed, always, never. ' +
      'What a function of yours changes is not seen: where they do so, always.',
  }),
  statementCacheSize: setting(count({ min: 0 }), {
    default: 256,
    meaning: 'Compiled texts kept for the source, and prepared statements for each physical connection.',
  }),
  prepareThreshold: setting(count({ min: 0 }), {
    default: 2,
    meaning:
      'At its run of this number a text is prepared on a physical connection and kept; 0: never. SQLite keeps all.',
  }),
  integers: setting(choice('bigint', 'safe'), {
    default: 'bigint',
    meaning: 'As what BIGINT is given: bigint; or safe, a number, and an error beyond 2^53.',
  }),
  types: setting(choice('portable', 'date', 'native'), {
    default: 'portable',
    meaning:
      'As what values are given: portable; date, with a Date for dates and timestamps; native, as the package of the driver gives them.',
  }),
  exceptionOverride: setting(optional(onlyInCode<ExceptionOverride>()), {
    meaning:
      'Judges the errors of the driver otherwise: a function that gives { fatal, retry, reason }, or undefined. Only in code.',
  }),
  sharing: setting(choice('exclusive', 'pipelined'), {
    default: 'exclusive',
    meaning:
      'exclusive; pipelined: one-shot statements that proved cheap share a connection when all are busy, ' +
      'on PostgreSQL and SQLite. Elsewhere it changes nothing.',
  }),
  allowExitOnIdle: setting(flag(), {
    default: false,
    meaning: 'Whether the process may end although connections are open, when all of them are idle.',
  }),
  pooling: setting(choice('pool', 'none', 'single'), {
    default: 'pool',
    meaning: 'pool; none: a physical connection for each getConnection; single: one, lent in turn.',
  }),
} as const satisfies SettingsTable

/** The limits in force: milliseconds and counts, `Infinity` for `off` and `unlimited`. */
export interface PoolLimits {
  readonly maximumPoolSize: number
  readonly softPoolSize: number
  readonly overflowTimeout: number
  readonly minimumIdle: number
  readonly connectionTimeout: number
  readonly maxWaiters: number
  readonly queue: 'fifo' | 'codel'
  readonly nestedAcquisition: 'warn' | 'error' | 'allow'
  readonly loginTimeout: number
  readonly validateAfterIdle: number
  readonly onStale: 'validate' | 'reconnect'
  readonly validationTimeout: number
  readonly idleTimeout: number
  readonly maxLifetime: number
  readonly maxUses: number
  readonly keepaliveTime: number
  readonly leakDetectionThreshold: number
  readonly leakStackSampling: number
  readonly leakReclaim: boolean
  readonly maxConcurrentConnects: 'auto' | number
}

/** The settings in force: milliseconds and counts, `Infinity` for `off` and `unlimited`. */
export interface PoolSettings extends PoolLimits {
  readonly queryTimeout: number
  readonly networkTimeout: number
  readonly connectionInitSql: readonly string[]
  readonly sessionReset: 'auto' | 'always' | 'never'
  readonly statementCacheSize: number
  readonly prepareThreshold: number
  readonly integers: 'bigint' | 'safe'
  readonly types: 'portable' | 'date' | 'native'
  readonly exceptionOverride: ExceptionOverride | undefined
  readonly sharing: 'exclusive' | 'pipelined'
  readonly allowExitOnIdle: boolean
  readonly pooling: 'pool' | 'none' | 'single'
}

type Resolved<Validated> = Omit<Validated, 'softPoolSize'> & { readonly softPoolSize: number }

/**
 * Checks the settings of a pool of connections and completes them.
 *
 * @param where Which data source they belong to, for the message.
 * @throws InvalidSettingError HY024
 */
export function parsePoolSettings(input: Readonly<Record<string, unknown>>, where: string): PoolSettings {
  return resolveLimits(validateSettings(poolSettings, input, where), where)
}

/** Like {@link parsePoolSettings}, for a pool of anything. */
export function parsePoolLimits(input: Readonly<Record<string, unknown>>, where: string): PoolLimits {
  return resolveLimits(validateSettings(poolLimits, input, where), where)
}

/**
 * The second step of validation, for settings that have passed a table which contains {@link poolLimits}:
 * the defaults that depend on another setting, and what two settings say together.
 *
 * @throws InvalidSettingError HY024
 */
export function resolveLimits<Validated extends SettingsOf<typeof poolLimits>>(
  validated: Validated,
  where: string,
): Resolved<Validated> {
  const { maximumPoolSize, minimumIdle } = validated
  const softPoolSize = validated.softPoolSize ?? maximumPoolSize
  if (softPoolSize > maximumPoolSize) {
    throw new InvalidSettingError(
      `${where}: softPoolSize is ${softPoolSize}, above maximumPoolSize ${maximumPoolSize}`,
      ['softPoolSize'],
    )
  }
  if (minimumIdle > softPoolSize) {
    throw new InvalidSettingError(
      `${where}: minimumIdle is ${minimumIdle}, above softPoolSize ${softPoolSize}`,
      ['minimumIdle'],
    )
  }
  if (validated.leakReclaim && validated.leakDetectionThreshold === Infinity) {
    throw new InvalidSettingError(
      `${where}: leakReclaim takes back what is held for longer than leakDetectionThreshold, which is off`,
      ['leakReclaim'],
    )
  }
  return Object.freeze({ ...validated, softPoolSize })
}

function setting<T>(
  schema: SettingSchema<T>,
  words: { default?: unknown; meaning: string },
): SettingDefinition<T> {
  return { schema, ...words }
}
