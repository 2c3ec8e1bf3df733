import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { describeTarget } from '../../../drivers/pg/connect.ts'
import { pgDescriptor, type PgSettings } from '../../../drivers/pg/settings.ts'
import { isOlder } from '../../../src/spi/peer-package.ts'
import { isLocal, tlsConfig } from '../../../src/spi/tls-settings.ts'
import { InvalidSettingError, validateSettings } from '../../../src/spi/settings.ts'

const parse = (url: string): Record<string, unknown> => pgDescriptor.parseUrl(url)

function validated(input: Record<string, unknown>): PgSettings {
  return validateSettings(pgDescriptor.settings, input, 'pg') as PgSettings
}

describe('the URL of a PostgreSQL database', () => {
  it('holds user, password, host, port and database, percent-decoded', () => {
    assert.deepEqual(parse('postgres://al%40ice:p%3Aw%2F%20d@db.example:6432/acc%2Fount'), {
      user: 'al@ice',
      password: 'p:w/ d',
      host: 'db.example',
      port: '6432',
      database: 'acc/ount',
    })
    assert.deepEqual(parse('postgresql://host/db'), { host: 'host', database: 'db' })
    assert.deepEqual(parse('postgres:///db'), { database: 'db' })
    assert.deepEqual(parse('postgres://'), {})
    assert.deepEqual(parse('postgres://u:@h'), { user: 'u', password: '', host: 'h' })
    assert.deepEqual(parse('postgres://[::1]:5433/db'), { host: '::1', port: '5433', database: 'db' })
  })

  it('names a unix socket by its folder', () => {
    assert.equal(parse('postgres://u@%2Frun%2Fpostgresql/db')['host'], '/run/postgresql')
    assert.equal(parse('postgres:///db?host=/run/postgresql')['host'], '/run/postgresql')
  })

  it('holds settings, and what other libraries call TLS and the application', () => {
    assert.deepEqual(parse('postgres://h/d?maximumPoolSize=4&application_name=a%20b&sslmode=verify-ca'), {
      host: 'h',
      database: 'd',
      maximumPoolSize: '4',
      applicationName: 'a b',
      tls: 'verify-ca',
    })
    for (const [query, mode] of [
      ['sslmode=disable', 'disable'],
      ['sslmode=prefer', 'require'],
      ['sslmode=no-verify', 'require'],
      ['ssl=true', 'verify-full'],
      ['ssl=false', 'disable'],
      ['encrypt=true', 'verify-full'],
    ]) {
      assert.equal(parse(`postgres://h/d?${query}`)['tls'], mode, query)
    }
  })

  it('is refused, without being shown, when it is wrong', () => {
    for (const url of [
      'postgres://u:secret@h:5432/d?host=other',
      'postgres://u:secret%@h/d',
      'postgres://u:secret@h/d?sslmode=perhaps',
      'postgres://u:secret@h/d?sslmode=disable&ssl=true',
      'postgres://u:secret@h/d#part',
      'postgres://u:sec%00ret@h/d',
      'postgres://u:secret/x@h/d',
      'postgres://u:x/secret@h/d',
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
    const { host, port, applicationName, statementTimeout, keepAlive, tls } = validated({})
    assert.deepEqual(
      [host, port, applicationName, statementTimeout, keepAlive, tls],
      ['localhost', 5432, 'wellhead', Infinity, 60_000, undefined],
    )
  })

  it('are checked', () => {
    assert.equal(validated({ port: '6432' }).port, 6432)
    for (const wrong of [
      { port: 0 },
      { port: 70_000 },
      { port: '5432x' },
      { host: '' },
      { tls: 'maybe' },
      { tls: { mode: 'require', CA: 'x' } },
      { statementTimeout: -1 },
      { serverSettings: { work_mem: 64 } },
    ]) {
      assert.throws(() => validated(wrong), InvalidSettingError, JSON.stringify(wrong))
    }
  })

  it('do not show the password, nor a key', () => {
    for (const secret of [{ password: 4711 }, { tls: { mode: 'require', key: 4711 } }]) {
      assert.throws(
        () => validated(secret),
        (error) => error instanceof InvalidSettingError && !error.message.includes('4711'),
      )
    }
    const settings = validated({ user: 'u', password: 'secret', database: 'd', host: 'h' })
    assert.equal(describeTarget(settings), 'PostgreSQL database d at h:5432 as u')
  })
})

describe('TLS', () => {
  it('is off on this machine and verify-full elsewhere, unless it is said otherwise', () => {
    for (const host of ['/run/postgresql', 'localhost', '127.0.0.1', '127.3.2.1', '::1']) {
      assert.equal(isLocal(host), true)
      assert.equal(tlsConfig(host, undefined), false)
    }
    for (const host of ['db.example', '10.0.0.1', '128.0.0.1', 'localhost.example']) {
      assert.equal(isLocal(host), false)
      assert.equal((tlsConfig(host, undefined) as { rejectUnauthorized?: boolean }).rejectUnauthorized, true)
    }
    assert.notEqual(tlsConfig('127.0.0.1', { mode: 'require' }), false)
    assert.equal(tlsConfig('db.example', { mode: 'disable' }), false)
  })

  it('has four modes', () => {
    assert.deepEqual(tlsConfig('db.example', { mode: 'require' }), {
      servername: 'db.example',
      rejectUnauthorized: false,
    })
    const authority = tlsConfig('db.example', { mode: 'verify-ca', ca: 'PEM' })
    assert.ok(authority !== false && authority.checkServerIdentity !== undefined)
    const full = tlsConfig('10.0.0.1', { mode: 'verify-full', ca: 'PEM' })
    assert.deepEqual(full, { ca: 'PEM', rejectUnauthorized: true })
    assert.deepEqual(tlsConfig('10.0.0.1', { serverName: 'db.example' }), {
      servername: 'db.example',
      rejectUnauthorized: true,
    })
  })
})

describe('the package pg', () => {
  it('is refused before 8.23.1', () => {
    for (const version of ['7.18.2', '8.16.3', '8.23.0'])
      assert.equal(isOlder(version, { oldest: [8, 23, 1] }), true, version)
    for (const version of ['8.23.1', '8.24.0', '9.0.0', '10.0.0-beta.1']) {
      assert.equal(isOlder(version, { oldest: [8, 23, 1] }), false, version)
    }
  })
})
