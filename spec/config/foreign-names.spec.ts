import { describe, expect, it, test } from 'vitest'
import { createDataSource, InvalidSettingError } from '../../src/index.ts'
import { knownDrivers } from '../../src/drivers.ts'
import { poolSettings } from '../../src/pool/settings.ts'
import { foreignNames } from '../../src/spi/foreign-names.ts'

const tables = [poolSettings, ...knownDrivers.map(({ settings }) => settings)]

function message(settings: Parameters<typeof createDataSource>[0]): string {
  try {
    void createDataSource(settings)
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('nothing was wrong')
}

describe('the names of other libraries', () => {
  it('are there once each', () => {
    const names = foreignNames.map(({ name }) => name)
    expect(names.length).toBeGreaterThan(60)
    expect(names).toEqual([...new Set(names)])
  })

  test.each(foreignNames)('$name', ({ name, of, here, note }) => {
    // A name that is ours would never be explained.
    expect(Object.hasOwn(poolSettings, name)).toBe(false)
    if (here === undefined) expect(note).toBeTruthy()
    else if (here !== 'url' && here !== 'driver') {
      expect(
        tables.some((table) => Object.hasOwn(table, here)),
        `${here} is no setting`,
      ).toBe(true)
    }
    for (const { name: driver, settings } of knownDrivers) {
      if (Object.hasOwn(settings, name)) continue
      const told = message({ driver, [name]: 1 })
      expect(told).toContain(`'${name}' is ${of[0]}'s name`)
      if (here !== undefined) expect(told).toContain(`'${here}'`)
    }
  })

  it('are answered in code as in a file, with the path of the setting', () => {
    const error = (() => {
      try {
        return createDataSource({ url: 'sqlite::memory:', max: 10 })
      } catch (reason) {
        return reason
      }
    })()
    expect(error).toBeInstanceOf(InvalidSettingError)
    expect(error).toMatchObject({ path: ['max'], sqlState: 'HY024' })
    expect((error as Error).message).toBe(
      "data source: 'max' is pg.Pool's name (and Knex's, node-mssql's, Sequelize's, postgres.js's); here 'maximumPoolSize'",
    )
  })

  test.each([
    ['jdbc:postgresql://db/x', 'here write postgres://…'],
    ['jdbc:sqlite:x.db', 'here write sqlite:…'],
    ['jdbc:', "'jdbc:' URLs are Java's; here a url begins with sqlite"],
    ['postgressql://db/x', "did you mean 'postgresql:'?"],
  ])('%s', (url, answer) => {
    expect(message(url)).toContain(answer)
  })

  test.each([
    ['postgres', 'pg'],
    ['better-sqlite3', 'sqlite'],
    ['org.postgresql.Driver', 'pg'],
    ['constructor', 'known are'],
  ])('the driver %s', (driver, answer) => {
    expect(message({ driver })).toMatch(new RegExp(`there is no driver '${driver}'; .*${answer}`))
  })
})
