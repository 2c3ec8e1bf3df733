import { describe, expect, it } from 'vitest'
import { sqliteDescriptor } from '../../../drivers/sqlite/settings.ts'
import { InvalidSettingError, validateSettings } from '../../../src/spi/settings.ts'

const { settings } = sqliteDescriptor
const parseUrl = (url: string): Record<string, unknown> => sqliteDescriptor.parseUrl(url)

describe('The URL of a SQLite database', () => {
  it.each([
    ['sqlite::memory:', { path: ':memory:' }],
    ['sqlite:relative/path.db', { path: 'relative/path.db' }],
    ['sqlite:./x.db', { path: './x.db' }],
    ['sqlite:/absolute/path.db', { path: '/absolute/path.db' }],
    ['sqlite:///absolute/path.db', { path: '/absolute/path.db' }],
    ['sqlite://localhost/absolute/path.db', { path: '/absolute/path.db' }],
    ['file:///absolute/path.db', { path: '/absolute/path.db' }],
    ['sqlite:///C:/data/x.db', { path: 'C:/data/x.db' }],
    ['sqlite:with%20space%3F%23.db', { path: 'with space?#.db' }],
    ['sqlite:./x.db?mode=inline&maximumPoolSize=4', { path: './x.db', mode: 'inline', maximumPoolSize: '4' }],
  ])('%s', (url, expected) => {
    expect(parseUrl(url)).toEqual(expected)
  })

  it.each([
    ['sqlite://x.db', /sqlite:relative/],
    ['sqlite://host/x.db', /'host'/],
    ['sqlite:', /names no file/],
    ['sqlite:%zz', /%25/],
    ['sqlite:a%00b', /NUL/],
    ['sqlite:x.db?mode=inline&mode=worker', /'mode' twice/],
    ['sqlite:x.db?path=y.db', /'path' twice/],
  ])('%s is refused', (url, message) => {
    expect(() => parseUrl(url)).toThrow(InvalidSettingError)
    expect(() => parseUrl(url)).toThrow(message)
  })

  it('keeps a key named __proto__ as a key, so that validation sees it', () => {
    expect(Object.keys(parseUrl('sqlite:x.db?__proto__=1'))).toEqual(['path', '__proto__'])
  })
})

describe('The settings of the driver', () => {
  it('has defaults for all but the path', () => {
    expect(validateSettings(settings, { path: 'x.db' }, 'spec')).toEqual({
      path: 'x.db',
      mode: 'worker',
      readOnly: false,
      busyTimeout: 5_000,
      journalMode: 'wal',
      synchronous: 'full',
      foreignKeys: true,
    })
    expect(() => validateSettings(settings, {}, 'spec')).toThrow(/path/)
  })
})
