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
const elsewhere = ['connectionInitSql', 'queryTimeout', 'statementCacheSize', 'integers', 'pooling']

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
      loginTimeout: 10_000,
      validateAfterIdle: 500,
      validationTimeout: 5_000,
      idleTimeout: 600_000,
      maxLifetime: 1_800_000,
      maxUses: Infinity,
      keepaliveTime: 120_000,
      maxConcurrentConnects: 'auto',
      queryTimeout: Infinity,
      connectionInitSql: [],
      sessionReset: 'auto',
      statementCacheSize: 256,
      integers: 'bigint',
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
    [{ maxPoolSize: 5 }, 'maxPoolSize'],
  ])('%j is refused', (written, name) => {
    const refusal = (): unknown => parsePoolSettings(written, 'jdbc/spec')
    expect(refusal).toThrow(InvalidSettingError)
    expect(refusal).toThrow(name)
    expect(refusal).toThrow('jdbc/spec')
  })
})
