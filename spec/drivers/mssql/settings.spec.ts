import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { describeTarget } from '../../../drivers/mssql/connect.ts'
import { settingsText } from '../../../drivers/mssql/session-sql.ts'
import { mssqlDescriptor, type MssqlSettings } from '../../../drivers/mssql/settings.ts'
import { InvalidSettingError, validateSettings } from '../../../src/spi/settings.ts'

const parse = (url: string): Record<string, unknown> => mssqlDescriptor.parseUrl(url)

function validated(input: Record<string, unknown>): MssqlSettings {
  const settings = validateSettings(mssqlDescriptor.settings, input, 'mssql') as MssqlSettings
  mssqlDescriptor.checkSettings?.(settings, 'mssql')
  return settings
}

describe('the URL of a SQL Server database', () => {
  it('holds user, password, host, port and database, percent-decoded', () => {
    assert.deepEqual(parse('mssql://al%40ice:p%3Aw%2F%20d@db.example:1444/acc%2Fount'), {
      user: 'al@ice',
      password: 'p:w/ d',
      host: 'db.example',
      port: '1444',
      database: 'acc/ount',
    })
    assert.deepEqual(parse('sqlserver://host/db?appName=reports'), {
      host: 'host',
      database: 'db',
      applicationName: 'reports',
    })
    assert.deepEqual(parse('mssql://[::1]:1433/db'), { host: '::1', port: '1433', database: 'db' })
  })

  it('says TLS in the words of Microsoft and of others', () => {
    for (const [query, mode] of [
      ['Encrypt=Mandatory', 'verify-full'],
      ['Encrypt=false', 'disable'],
      ['encrypt=true', 'verify-full'],
      ['encrypt=no-verify', 'require'],
      ['ssl=false', 'disable'],
    ]) {
      assert.equal(parse(`mssql://h/d?${query}`)['tls'], mode, query)
    }
    // It would let the server choose.
    assert.throws(() => parse('mssql://h/d?Encrypt=optional'), InvalidSettingError)
  })

  it('is refused, without being shown, when it is wrong', () => {
    for (const url of [
      'mssql://u:secret@h:1433/d?host=other',
      'mssql://u:secret%@h/d',
      'mssql://u:sec%00ret@h/d',
      'mssql://u:x/secret@h/d',
    ]) {
      assert.throws(
        () => parse(url),
        (error) => error instanceof InvalidSettingError && !error.message.includes('secret'),
        url,
      )
    }
  })
})

describe('the settings', () => {
  it('have defaults', () => {
    const { host, port, applicationName, lockTimeout, tls, readOnlyIntent, keepAlive } = validated({})
    assert.deepEqual(
      [host, port, applicationName, lockTimeout, tls, readOnlyIntent, keepAlive],
      ['localhost', 1433, 'wellhead', Infinity, undefined, false, 30_000],
    )
  })

  it('are checked', () => {
    assert.equal(validated({ port: '1434' }).port, 1434)
    for (const wrong of [
      { port: 0 },
      { host: '' },
      { tls: 'maybe' },
      { lockTimeout: -1 },
      { readOnlyIntent: 'perhaps' },
      { accessToken: 'a', password: 'b' },
    ]) {
      assert.throws(() => validated(wrong), InvalidSettingError, JSON.stringify(wrong))
    }
  })

  it('do not show the password, nor the token', () => {
    for (const wrong of [{ password: 4711 }, { accessToken: 4711 }]) {
      assert.throws(
        () => validated(wrong),
        (error) => error instanceof InvalidSettingError && !error.message.includes('4711'),
      )
    }
    const target = describeTarget(validated({ user: 'u', password: 'secret', database: 'd', host: '::1' }))
    assert.equal(target, 'SQL Server database d at [::1]:1433 as u')
  })

  it('become what a session begins with', () => {
    assert.equal(settingsText(validated({})), '')
    assert.equal(settingsText(validated({ lockTimeout: '1500ms' })), 'SET LOCK_TIMEOUT 1500')
    assert.equal(settingsText(validated({ lockTimeout: 0 })), 'SET LOCK_TIMEOUT 0')
  })
})
