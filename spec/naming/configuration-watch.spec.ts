import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  ConfigurationException,
  InitialContext,
  PooledDataSource,
  type ConfigurationFileOptions,
  type NamingEvent,
} from '../../src/index.ts'
import { CompositeName } from '../../src/naming/composite-name.ts'
import type { Configuration, ConfiguredName } from '../../src/naming/configuration.ts'
import { ConfigurationWatch, configurationReporter } from '../../src/naming/configuration-watch.ts'
import { ManualClock } from '../support/manual-clock.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wellhead-watch-'))
  file = join(folder, 'wellhead.yaml')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a watch', () => {
  const interval = 1_000
  let clock: ManualClock
  /** What was read, and `failed`; in order. */
  let told: string[]
  let content: string

  beforeEach(() => {
    clock = new ManualClock()
    told = []
    write('first')
  })

  function write(text: string, to = file): void {
    content = text
    writeFileSync(to, text)
  }

  /** A configuration of one data source, which takes a value from each of some files. */
  function configuration(name: string, files: readonly string[] = []): Configuration {
    const configured = { name: CompositeName.of(name), files } satisfies Partial<ConfiguredName>
    return { dataSources: [configured as ConfiguredName] }
  }

  function tell({ dataSources }: Configuration, changed: ReadonlySet<string>): void {
    told.push(
      dataSources[0]!.name.toString(),
      ...[...changed].filter((path) => path !== file).map((path) => basename(path)),
    )
  }

  async function watch(...files: string[]): Promise<ConfigurationWatch> {
    const watching = new ConfigurationWatch({
      file,
      interval,
      clock,
      read: () =>
        content === 'wrong'
          ? Promise.reject(new Error('wrong'))
          : Promise.resolve(configuration(content, files)),
      report: (error) => void told.push((error as Error).message),
    })
    await watching.read()
    watching.start(tell)
    return watching
  }

  /** One look at the file: the next timer is set when it is over. */
  async function look(): Promise<void> {
    await clock.advance(interval)
    await vi.waitFor(() => expect(clock.timers()).toBe(1), { timeout: 10_000 })
  }

  test('reads a file again when it has changed and then stayed as it is', async () => {
    const watching = await watch()
    await look()
    expect(told).toEqual([])
    write('second')
    await look()
    expect(told).toEqual([])
    write('third, longer')
    await look()
    expect(told).toEqual([])
    await look()
    expect(told).toEqual(['third, longer'])
    await look()
    expect(told).toEqual(['third, longer'])
    await watching.close()
  })

  test('sees a file that is replaced by renaming, and one that is missing for a while', async () => {
    const watching = await watch()
    write('by an editor', join(folder, '.wellhead.yaml.swp'))
    renameSync(join(folder, '.wellhead.yaml.swp'), file)
    await look()
    await look()
    expect(told).toEqual(['by an editor'])
    rmSync(file)
    await look()
    write('back')
    await look()
    await look()
    expect(told).toEqual(['by an editor', 'back'])
    rmSync(file)
    content = 'wrong'
    await look()
    await look()
    await look()
    expect(told).toEqual(['by an editor', 'back', 'wrong'])
    await watching.close()
  })

  test('sees a symbolic link above it that changes, as that of a ConfigMap', async () => {
    rmSync(file)
    for (const version of ['one', 'two']) {
      mkdirSync(join(folder, version))
      write(version, join(folder, version, 'wellhead.yaml'))
    }
    symlinkSync('one', join(folder, '..data'))
    symlinkSync('..data/wellhead.yaml', file)
    const watching = await watch()
    symlinkSync('two', join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    await look()
    await look()
    expect(told).toEqual(['two'])
    await watching.close()
  })

  test('looks at the files that values are in as well, one that is missing included', async () => {
    const [one, two] = ['one.txt', 'two.txt'].map((name) => join(folder, name))
    writeFileSync(one!, 'a')
    const watching = await watch(one!, two!)
    writeFileSync(one!, 'b')
    await look()
    await look()
    expect(told).toEqual(['first', 'one.txt'])
    writeFileSync(two!, 'c')
    write('second')
    await look()
    await look()
    await look()
    expect(told).toEqual(['first', 'one.txt', 'second', 'two.txt'])
    await watching.close()
  })

  test('tells what is wrong once, and goes on', async () => {
    const watching = await watch()
    write('wrong')
    for (let times = 0; times < 4; times++) await look()
    expect(told).toEqual(['wrong'])
    write('right')
    await look()
    await look()
    expect(told).toEqual(['wrong', 'right'])
    await watching.close()
  })

  test('keeps no process alive, and does nothing once closed', async () => {
    const watching = await watch()
    expect(clock.timers({ keepAlive: true })).toBe(0)
    write('second')
    await look()
    await watching.close()
    expect(clock.timers()).toBe(0)
    await clock.advance(10 * interval)
    expect(told).toEqual([])
  })

  test('that is closed while it reads puts nothing in force', async () => {
    const reading = Promise.withResolvers<Configuration>()
    let first = true
    const read = () => {
      if (!first) return reading.promise
      first = false
      return Promise.resolve(configuration('first'))
    }
    const report = (error: unknown) => void told.push(String(error))
    const watching = new ConfigurationWatch({ file, interval, clock, read, report })
    await watching.read()
    watching.start(tell)
    write('second')
    await look()
    await clock.advance(interval)
    const closed = watching.close()
    reading.resolve(configuration('second'))
    await closed
    expect(told).toEqual([])
    expect(clock.timers()).toBe(0)
  })
})

describe('a context with a watched file', () => {
  const errors: unknown[] = []
  let context: InitialContext
  afterEach(async () => {
    errors.length = 0
    await context.close()
  })

  async function open(content: string, options: ConfigurationFileOptions = {}): Promise<void> {
    writeFileSync(file, content)
    const onConfigurationError = (error: unknown) => void errors.push(error)
    context = await InitialContext.fromFile(file, {
      watch: '5ms',
      profile: '',
      onConfigurationError,
      ...options,
    })
  }

  function until(check: () => void): Promise<void> {
    return vi.waitFor(check, { timeout: 15_000, interval: 5 })
  }

  const one = () => `sqlite:${join(folder, 'one.db')}`
  const two = () => `sqlite:${join(folder, 'two.db')}`

  test('follows it: names are added, changed and removed; what says the same keeps its pool', async () => {
    await open(`dataSources:
  jdbc/same: { url: '${one()}' }
  jdbc/changed: { url: '${one()}', maximumPoolSize: 2 }
  jdbc/gone: { url: '${one()}' }
  jdbc/link: { link: jdbc/same }`)
    const [same, changed, gone] = ['same', 'changed', 'gone'].map((name) =>
      context.dataSource(`jdbc/${name}`),
    )
    const before = [same!, changed!].map((source) => source.unwrap(PooledDataSource))
    await changed!.execute('CREATE TABLE town (name VARCHAR(20))')
    const events: string[] = []
    const hear = ({ type, oldBinding, newBinding }: NamingEvent) =>
      void events.push(`${type} ${(newBinding ?? oldBinding)!.name}`)
    context.addNamingListener('', 'subtree', { objectAdded: hear, objectChanged: hear, objectRemoved: hear })
    writeFileSync(
      file,
      `# moved by a line
dataSources:
  jdbc/new: { url: '${one()}' }
  jdbc/link: { link: jdbc/changed }
  jdbc/same: { url: '${one()}' }
  jdbc/changed: { url: '${two()}' }`,
    )
    await until(() => expect(events).toHaveLength(4))
    expect(events.toSorted()).toEqual([
      'objectAdded jdbc/new',
      'objectChanged jdbc/changed',
      'objectChanged jdbc/link',
      'objectRemoved jdbc/gone',
    ])
    expect(same!.unwrap(PooledDataSource)).toBe(before[0])
    expect(changed!.unwrap(PooledDataSource)).not.toBe(before[1])
    await expect(changed!.query('SELECT * FROM town')).rejects.toThrow('no such table')
    await expect(gone!.query('SELECT 1')).rejects.toThrow('jdbc/gone')
    expect(context.dataSource('jdbc/link')).toBe(changed)
    await until(() => expect(before[1]!.statistics().total).toBe(0))
    expect(errors).toEqual([])
  })

  test('leaves everything as it is when the file is wrong, and says where', async () => {
    await open(`dataSources: { a: { url: '${one()}' } }`)
    const source = context.dataSource('a')
    const before = source.unwrap(PooledDataSource)
    writeFileSync(file, `dataSources:\n  a: { url: '${two()}', max: 3 }\n  b: { url: '${two()}' }`)
    await until(() => expect(errors).toHaveLength(1))
    expect(errors[0]).toBeInstanceOf(ConfigurationException)
    expect((errors[0] as Error).message).toContain('wellhead.yaml:2:')
    expect((errors[0] as Error).message).toContain("'max' is pg.Pool's name")
    expect(source.unwrap(PooledDataSource)).toBe(before)
    expect(context.list().map(({ name }) => name)).toEqual(['a'])
    rmSync(file)
    await until(() => expect(errors).toHaveLength(2))
    expect((errors[1] as Error).message).toContain('does not exist')
    writeFileSync(file, `dataSources: { a: { url: '${two()}' } }`)
    await until(() => expect(source.unwrap(PooledDataSource)).not.toBe(before))
    expect(errors).toHaveLength(2)
  })

  test('leaves a name as it is that cannot follow, and the others go on', async () => {
    await open(`dataSources: { a: { url: '${one()}' }, b: { url: '${one()}' } }`)
    const [a, b] = ['a', 'b'].map((name) => context.dataSource(name))
    const before = a!.unwrap(PooledDataSource)
    writeFileSync(
      file,
      `dataSources:\n  a: { url: { env: WELLHEAD_SPEC_NOTHING } }\n  b: { url: '${two()}', maximumPoolSize: 3 }`,
    )
    await until(() => expect(errors).toHaveLength(1))
    expect((errors[0] as Error).message).toContain(
      ':2:20: a: url: the environment variable WELLHEAD_SPEC_NOTHING',
    )
    expect(a!.unwrap(PooledDataSource)).toBe(before)
    expect(b!.unwrap(PooledDataSource).settings.maximumPoolSize).toBe(3)
  })

  test('follows a file that a value is in', async () => {
    const secret = join(folder, 'url.txt')
    writeFileSync(secret, one())
    await open('dataSources: { a: { url: { file: url.txt } }, b: { url: { file: url.txt }, mode: inline } }')
    const [a, b] = ['a', 'b'].map((name) => context.dataSource(name))
    const before = [a!, b!].map((source) => source.unwrap(PooledDataSource))
    await a!.execute('CREATE TABLE town (name VARCHAR(20))')
    writeFileSync(secret, two())
    await until(() => expect(b!.unwrap(PooledDataSource)).not.toBe(before[1]))
    await expect(a!.query('SELECT * FROM town')).rejects.toThrow('no such table')
    const middle = a!.unwrap(PooledDataSource)
    // Written anew, and the same: the pool stays.
    writeFileSync(secret, two())
    writeFileSync(file, `dataSources: { a: { url: { file: url.txt } }, c: { url: '${one()}' } }`)
    await until(() => expect(context.list().map(({ name }) => name)).toEqual(['a', 'c']))
    expect(a!.unwrap(PooledDataSource)).toBe(middle)
    rmSync(secret)
    await until(() => expect(errors).toHaveLength(1))
    expect((errors[0] as Error).message).toContain("the file 'url.txt' does not exist")
    expect(a!.unwrap(PooledDataSource)).toBe(middle)
  })

  test('with verify goes over only when the new data source connects', async () => {
    await open(`dataSources: { a: { url: '${one()}' } }`, { verify: true })
    const source = context.dataSource('a')
    const before = source.unwrap(PooledDataSource)
    writeFileSync(file, `dataSources: { a: { url: 'sqlite:${folder}/nowhere/x.db' } }`)
    await until(() => expect(errors).toHaveLength(1))
    expect(source.unwrap(PooledDataSource)).toBe(before)
    // Once more the same text: it is tried again, and told again.
    writeFileSync(file, `dataSources: { a: { url: 'sqlite:${folder}/nowhere/x.db' } } # again`)
    await until(() => expect(errors).toHaveLength(2))
    writeFileSync(file, `dataSources: { a: { url: '${two()}' } }`)
    await until(() => expect(source.unwrap(PooledDataSource)).not.toBe(before))
    expect(errors).toHaveLength(2)
  })
})

test('a file that is not watched is read once', async () => {
  writeFileSync(file, 'dataSources: { a: { url: "sqlite:a" } }')
  await using context = await InitialContext.fromFile(file, { profile: '' })
  writeFileSync(file, 'dataSources: { b: { url: "sqlite:b" } }')
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(context.list().map(({ name }) => name)).toEqual(['a'])
})

test('watch has to be yes, no or a time', async () => {
  writeFileSync(file, 'dataSources: {}')
  const watch = 'often' as '1s'
  await expect(InitialContext.fromFile(file, { watch })).rejects.toThrow("watch is 'often'")
})

test('when nobody listens the process is warned; a listener that throws harms nobody', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  try {
    configurationReporter(undefined)(new Error('line 5 is wrong'))
    configurationReporter(() => {
      throw new Error('mine')
    })(new Error('line 6'))
    expect(warned.mock.calls).toMatchObject([
      [expect.stringContaining('line 5 is wrong'), { code: 'WELLHEAD_CONFIGURATION' }],
      [expect.stringContaining('onConfigurationError'), { code: 'WELLHEAD_LISTENER' }],
    ])
  } finally {
    warned.mockRestore()
  }
})
