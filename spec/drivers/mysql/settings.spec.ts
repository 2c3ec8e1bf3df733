import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { describeTarget } from '../../../drivers/mysql/connect.ts'
import { flavorOf } from '../../../drivers/mysql/session-setup.ts'
import { settingsText } from '../../../drivers/mysql/session-sql.ts'
import { mySqlDescriptor, type MySqlSettings } from '../../../drivers/mysql/settings.ts'
import { InvalidSettingError, validateSettings } from '../../../src/spi/settings.ts'

const parse = (url: string): Record<string, unknown> => mySqlDescriptor.parseUrl(url)

function validated(input: Record<string, unknown>): MySqlSettings {
  const settings = validateSettings(mySqlDescriptor.settings, input, 'mysql') as MySqlSettings
  mySqlDescriptor.checkSettings?.(settings, 'mysql')
  return settings
}

describe('the URL of a MySQL database', () => {
  it('holds user, password, host, port and database, percent-decoded', () => {
    assert.deepEqual(parse('mysql://al%40ice:p%3Aw%2F%20d@db.example:6432/acc%2Fount'), {
      user: 'al@ice',
      password: 'p:w/ d',
      host: 'db.example',
      port: '6432',
      database: 'acc/ount',
    })
    assert.deepEqual(parse('mariadb://host/db'), { host: 'host', database: 'db' })
    assert.deepEqual(parse('mysql:///db?socket=/run/mysqld.sock'), {
      database: 'db',
      socketPath: '/run/mysqld.sock',
    })
    assert.deepEqual(parse('mysql://[::1]:3307/db'), { host: '::1', port: '3307', database: 'db' })
  })

  it('may name several hosts', () => {
    assert.deepEqual(parse('mysql://u:p@a.example:3306,b.example:3307/db?ssl-mode=REQUIRED'), {
      user: 'u',
      password: 'p',
      host: 'a.example:3306,b.example:3307',
      database: 'db',
      tls: 'require',
    })
    assert.equal(parse('mariadb://a,[::1]:3307,10.0.0.1')['host'], 'a,[::1]:3307,10.0.0.1')
  })

  it('says TLS in the words of MySQL and of others', () => {
    for (const [query, mode] of [
      ['ssl-mode=DISABLED', 'disable'],
      ['ssl-mode=preferred', 'require'],
      ['ssl-mode=VERIFY_CA', 'verify-ca'],
      ['ssl-mode=VERIFY_IDENTITY', 'verify-full'],
      ['ssl=true', 'verify-full'],
      ['encrypt=false', 'disable'],
    ]) {
      assert.equal(parse(`mysql://h/d?${query}`)['tls'], mode, query)
    }
  })

  it('is refused, without being shown, when it is wrong', () => {
    for (const url of [
      'mysql://u:secret@h:3306/d?host=other',
      'mysql://u:secret@h,i/d?host=other',
      'mysql://u:secret%@h/d',
      'mysql://u:secret@h/d?ssl-mode=perhaps',
      'mysql://u:sec%00ret@h/d',
      'mysql://u:secret/x@h,i/d',
      'mysql://u:x/secret@h/d',
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
    const { host, port, applicationName, statementTimeout, lockTimeout, tls, tinyInt1, fetchWarnings } =
      validated({})
    assert.deepEqual(
      [host, port, applicationName, statementTimeout, lockTimeout, tls, tinyInt1, fetchWarnings],
      ['localhost', 3306, 'wellhead', Infinity, Infinity, undefined, 'boolean', true],
    )
  })

  it('are checked', () => {
    assert.equal(validated({ port: '3307' }).port, 3307)
    for (const wrong of [
      { port: 0 },
      { host: '' },
      { host: 'a,' },
      { host: 'a:70000' },
      { host: 'a b' },
      { tls: 'maybe' },
      { statementTimeout: -1 },
      { serverSettings: { sort_buffer_size: 64 } },
      { serverSettings: { 'sort_buffer_size = 1, x': '1' } },
      { tinyInt1: 'text' },
    ]) {
      assert.throws(() => validated(wrong), InvalidSettingError, JSON.stringify(wrong))
    }
  })

  it('do not show the password', () => {
    assert.throws(
      () => validated({ password: 4711 }),
      (error) => error instanceof InvalidSettingError && !error.message.includes('4711'),
    )
    const target = describeTarget(
      validated({ user: 'u', password: 'secret', database: 'd', host: 'h,[::1]:3307' }),
    )
    assert.equal(target, 'MySQL database d at h:3306,[::1]:3307 as u')
  })

  it('become one statement, which holds in every sql_mode', () => {
    const settings = validated({
      statementTimeout: '1500ms',
      lockTimeout: '1ms',
      serverSettings: { SQL_MODE: 'ANSI', init: "it's", path: 'a\\b', number: '-1.5' },
    })
    const common =
      "SET NAMES utf8mb4, SESSION time_zone = '+00:00', SESSION net_read_timeout = 600, SESSION net_write_timeout = 600, SESSION sql_mode = 'ANSI', "
    const own =
      "SESSION init = 'it''s', SESSION path = CONVERT(X'615c62' USING utf8mb4), SESSION number = -1.5"
    assert.equal(
      settingsText(settings, 'mariadb'),
      `${common}SESSION max_statement_time = 1.5, SESSION innodb_lock_wait_timeout = 1, ${own}`,
    )
    assert.equal(
      settingsText(settings, 'mysql'),
      `${common}SESSION max_execution_time = 1500, SESSION innodb_lock_wait_timeout = 1, ${own}`,
    )
  })
})

describe('the handshake', () => {
  it.each([
    ['5.5.5-10.11.6-MariaDB-0+deb12u1', 'mariadb'],
    ['11.8.3-MariaDB', 'mariadb'],
    ['8.4.3', 'mysql'],
    ['8.0.36-28 Percona', 'mysql'],
  ] as const)('%s is %s', (version, flavor) => {
    assert.equal(flavorOf(version), flavor)
  })
})
