import { describe, expect, it } from 'vitest'
import { parsePoolSettings, poolSettings } from '../../src/pool/settings.ts'
import { InvalidSettingError } from '../../src/spi/settings.ts'
import { Gate, settle, World } from './world.ts'

/** One setting at work: what is observed differs between this value and the default. */
interface Row {
  readonly value: unknown
  readonly scenario: (world: World) => Promise<unknown>
  /** Other settings that the scenario needs, in both runs. */
  readonly beside?: Record<string, unknown>
}

const total = (world: World): number => world.pool.statistics().total

/** Settings that the session or the source obeys: their rows are in those rooms. */
const elsewhere = [
  'exceptionOverride',
  'connectionInitSql',
  'queryTimeout',
  'networkTimeout',
  'statementCacheSize',
  'prepareThreshold',
  'integers',
  'types',
  'sharing',
  'pooling',
]

const rows: Record<string, Row> = {
  maximumPoolSize: {
    value: 3,
    async scenario(world) {
      for (let i = 0; i < 20; i++) world.ask()
      await settle()
      return world.driver.mostPhysical
    },
  },
  softPoolSize: {
    value: 2,
    async scenario(world) {
      await world.fill(5)
      await world.clock.advance(60_000)
      return total(world)
    },
  },
  overflowTimeout: {
    value: '5s',
    beside: { softPoolSize: 2 },
    async scenario(world) {
      await world.fill(3)
      await world.clock.advance(10_000)
      return total(world)
    },
  },
  minimumIdle: {
    value: 2,
    async scenario(world) {
      await world.fill(1)
      return world.pool.statistics().idle
    },
  },
  connectionTimeout: {
    value: '2s',
    beside: { maximumPoolSize: 1 },
    async scenario(world) {
      await world.get()
      const asked = world.ask()
      await world.clock.advance(5_000)
      return asked.state
    },
  },
  maxWaiters: {
    value: 1,
    beside: { maximumPoolSize: 1 },
    async scenario(world) {
      await world.get()
      const asked = [world.ask(), world.ask()]
      await settle()
      return asked.map(({ state }) => state)
    },
  },
  queue: {
    value: 'codel',
    beside: { maximumPoolSize: 1 },
    async scenario(world) {
      const first = await world.get()
      world.ask()
      await world.clock.advance(80)
      const asked = world.ask()
      await world.clock.advance(30)
      void first.close()
      await settle()
      return asked.state
    },
  },
  nestedAcquisition: {
    value: 'error',
    beside: { maximumPoolSize: 1 },
    async scenario(world) {
      const connection = await world.get()
      const asked = await world.pool.hold(async () => world.ask())
      await settle()
      await connection.close()
      await settle()
      return asked.state
    },
  },
  loginTimeout: {
    value: '1s',
    async scenario(world) {
      let left = 0
      world.driver.behaviour.connect = (deadline) => {
        left = deadline.remaining()
        return Promise.resolve()
      }
      await world.fill(1)
      return left
    },
  },
  validateAfterIdle: {
    value: 'off',
    async scenario(world) {
      const [pooled] = await world.fill(1)
      await world.clock.advance(1_000)
      await world.get()
      return pooled!.validations
    },
  },
  onStale: {
    value: 'reconnect',
    async scenario(world) {
      const [pooled] = await world.fill(1)
      await world.clock.advance(1_000)
      await world.get()
      return pooled!.closed
    },
  },
  validationTimeout: {
    value: '1s',
    async scenario(world) {
      await world.fill(1)
      world.driver.behaviour.validate = () => new Gate().promise.then(() => true)
      await world.clock.advance(1_000)
      const asked = world.ask()
      await world.clock.advance(2_000)
      return asked.state
    },
  },
  idleTimeout: {
    value: '1m',
    async scenario(world) {
      await world.fill(1)
      await world.clock.advance(61_000)
      return total(world)
    },
  },
  maxLifetime: {
    value: '1m',
    async scenario(world) {
      await world.fill(1)
      await world.clock.advance(61_000)
      return total(world)
    },
  },
  maxUses: {
    value: 2,
    async scenario(world) {
      for (let i = 0; i < 4; i++) await world.fill(1)
      return world.driver.connects
    },
  },
  keepaliveTime: {
    value: '10s',
    async scenario(world) {
      const [pooled] = await world.fill(1)
      await world.clock.advance(65_000)
      return pooled!.validations
    },
  },
  leakDetectionThreshold: {
    value: '10s',
    async scenario(world) {
      const suspected: string[] = []
      world.pool.events.on('leakSuspected', ({ member }) => suspected.push(member.id))
      await world.get()
      await world.clock.advance(20_000)
      return suspected
    },
  },
  leakStackSampling: {
    value: 1,
    beside: { leakDetectionThreshold: '10s' },
    async scenario(world) {
      const kept: boolean[] = []
      world.pool.events.on('leakSuspected', ({ stack }) => kept.push(stack !== undefined))
      await world.get()
      await world.clock.advance(20_000)
      return kept
    },
  },
  leakReclaim: {
    value: true,
    beside: { leakDetectionThreshold: '10s', maximumPoolSize: 1 },
    async scenario(world) {
      await world.get()
      const asked = world.ask()
      await world.clock.advance(11_000)
      return asked.state
    },
  },
  maxConcurrentConnects: {
    value: 2,
    async scenario(world) {
      world.driver.behaviour.connect = (deadline) =>
        new Promise((_, reject) => void deadline.onExpired(reject))
      for (let i = 0; i < 8; i++) world.ask()
      await settle()
      return world.driver.mostConnecting
    },
  },
  allowExitOnIdle: {
    value: true,
    async scenario(world) {
      const [pooled] = await world.fill(1)
      return pooled!.alive
    },
  },
  sessionReset: {
    value: 'always',
    async scenario(world) {
      const [pooled] = await world.fill(1)
      return pooled!.resets
    },
  },
}

describe('Every setting of the pool does something', () => {
  it.each(Object.entries(rows))('%s', async (name, { value, scenario, beside }) => {
    const observe = async (settings: Record<string, unknown>): Promise<unknown> => {
      const world = new World(settings)
      const observation = await scenario(world)
      await world.end()
      return observation
    }
    expect(await observe({ ...beside, [name]: value })).not.toEqual(await observe({ ...beside }))
  })

  it('and none is forgotten here', () => {
    expect([...Object.keys(rows), ...elsewhere].toSorted()).toEqual(Object.keys(poolSettings).toSorted())
  })
})

describe('The settings of the pool', () => {
  it('have the defaults of the documentation', () => {
    expect(parsePoolSettings({}, 'jdbc/spec')).toEqual({
      maximumPoolSize: 10,
      softPoolSize: 10,
      overflowTimeout: 30_000,
      minimumIdle: 0,
      connectionTimeout: 30_000,
      maxWaiters: Infinity,
      queue: 'fifo',
      nestedAcquisition: 'warn',
      loginTimeout: 10_000,
      validateAfterIdle: 500,
      onStale: 'validate',
      validationTimeout: 5_000,
      idleTimeout: 600_000,
      maxLifetime: 1_800_000,
      maxUses: Infinity,
      keepaliveTime: 120_000,
      leakDetectionThreshold: Infinity,
      leakStackSampling: 0,
      leakReclaim: false,
      maxConcurrentConnects: 'auto',
      queryTimeout: Infinity,
      networkTimeout: Infinity,
      connectionInitSql: [],
      sessionReset: 'auto',
      statementCacheSize: 256,
      prepareThreshold: 2,
      integers: 'bigint',
      types: 'portable',
      sharing: 'exclusive',
      allowExitOnIdle: false,
      pooling: 'pool',
    })
  })

  it.each([
    [{ maximumPoolSize: 'unlimited' }, { maximumPoolSize: Infinity, softPoolSize: Infinity }],
    [
      { maximumPoolSize: -1, softPoolSize: 5 },
      { maximumPoolSize: Infinity, softPoolSize: 5 },
    ],
    [{ idleTimeout: 'off' }, { idleTimeout: Infinity }],
    [{ validateAfterIdle: 0 }, { validateAfterIdle: 0 }],
    [{ connectionTimeout: '2s' }, { connectionTimeout: 2_000 }],
    [{ maxConcurrentConnects: 4 }, { maxConcurrentConnects: 4 }],
    [{ leakStackSampling: '0.25' }, { leakStackSampling: 0.25 }],
    [{ connectionInitSql: 'SET a = 1' }, { connectionInitSql: ['SET a = 1'] }],
  ])('%j is understood', (written, expected) => {
    expect(parsePoolSettings(written, 'jdbc/spec')).toMatchObject(expected)
  })

  it.each([
    [{ maximumPoolSize: 0 }, 'maximumPoolSize'],
    [{ maximumPoolSize: 2.5 }, 'maximumPoolSize'],
    [{ maximumPoolSize: 4, softPoolSize: 5 }, 'softPoolSize'],
    [{ softPoolSize: 1, minimumIdle: 2 }, 'minimumIdle'],
    [{ connectionTimeout: 'off' }, 'connectionTimeout'],
    [{ connectionTimeout: -1 }, 'connectionTimeout'],
    [{ maxConcurrentConnects: 'many' }, 'maxConcurrentConnects'],
    [{ sessionReset: 'sometimes' }, 'sessionReset'],
    [{ leakStackSampling: 2 }, 'leakStackSampling'],
    [{ leakReclaim: true }, 'leakReclaim'],
    [{ maxPoolSize: 5 }, 'maxPoolSize'],
  ])('%j is refused', (written, name) => {
    const refusal = (): unknown => parsePoolSettings(written, 'jdbc/spec')
    expect(refusal).toThrow(InvalidSettingError)
    expect(refusal).toThrow(name)
    expect(refusal).toThrow('jdbc/spec')
  })
})
