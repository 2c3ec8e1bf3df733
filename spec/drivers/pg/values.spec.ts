import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { arrayLiteral, parseArray } from '../../../drivers/pg/array-text.ts'
import { encodeParameters } from '../../../drivers/pg/parameters.ts'
import { decodeRow, shapeOf } from '../../../drivers/pg/result-types.ts'
import { dateLiteral, instantLiteral, instantText, timeLiteral } from '../../../drivers/pg/temporal-text.ts'
import { SQLDataException } from '../../../src/api/sql-exception.ts'
import { decimal, param, type ParameterValue } from '../../../src/api/sql-types.ts'

function encoded(value: ParameterValue): [value: unknown, type: number | undefined] {
  const { values, types } = encodeParameters([value])
  return [values[0], types[0]]
}

function decoded(oid: number, text: string): unknown {
  const row: unknown[] = [text]
  decodeRow(row, shapeOf([{ name: 'a', dataTypeID: oid }]))
  return row[0]
}

describe('parameters', () => {
  it.each<[ParameterValue, unknown, number]>([
    [null, null, 0],
    ['text', 'text', 0],
    [1, '1', 23],
    [-(2 ** 31), '-2147483648', 23],
    [2 ** 31, '2147483648', 20],
    [2 ** 53 - 1, '9007199254740991', 20],
    [2 ** 53, '9007199254740992', 1700],
    [-0, '0', 23],
    [12.5, '12.5', 1700],
    [1e300, '1e+300', 1700],
    [NaN, 'NaN', 701],
    [-Infinity, '-Infinity', 701],
    [5n, '5', 20],
    [2n ** 63n, '9223372036854775808', 1700],
    [true, 'true', 16],
    [new Date('2026-01-31T12:00:00.5Z'), '2026-01-31 12:00:00.500+00', 1184],
    [decimal('12.50'), '12.50', 1700],
    [param(null, 'VARBINARY'), null, 17],
    [param(1, 'BOOLEAN'), 'true', 16],
    [param('2026-01-31', 'DATE'), '2026-01-31', 1082],
    [param(new Date('2026-01-31T12:00:00Z'), 'DATE'), '2026-01-31', 1082],
    [param('{"a":1}', 'JSON'), '{"a":1}', 0],
    [param([1, null, 'a"b'], 'ARRAY'), '{"1",NULL,"a\\"b"}', 0],
    [param(5, 'VARCHAR'), '5', 1043],
  ])('%o is sent as %o of type %i', (value, sent, type) => {
    assert.deepEqual(encoded(value), [sent, type])
  })

  it('are refused where the database could not keep them', () => {
    const wrong: [ParameterValue, string][] = [
      ['a\0b', '22021'],
      ['\ud800', '22021'],
      [param('x', 'VARBINARY'), '22018'],
      [param(true, 'DATE'), '22018'],
      [param(new Date(NaN), 'TIMESTAMP'), '22007'],
    ]
    for (const [value, sqlState] of wrong) {
      assert.throws(
        () => encoded(value),
        (error) => error instanceof SQLDataException && error.sqlState === sqlState,
      )
    }
  })
})

describe('values', () => {
  it.each<[number, string, unknown]>([
    [16, 't', true],
    [20, '9007199254740993', 9007199254740993n],
    [23, '-5', -5],
    [700, '1.1', 1.1],
    [701, '-Infinity', -Infinity],
    [1700, '12345678901234567890.123456789012345678', '12345678901234567890.123456789012345678'],
    [25, 'text', 'text'],
    [17, '\\x00ff0a', Uint8Array.of(0, 255, 10)],
    [17, 'a\\\\b\\000', Uint8Array.of(97, 92, 98, 0)],
    [1082, '2026-01-31', '2026-01-31'],
    [1114, '2026-01-31 12:00:00.123456', '2026-01-31T12:00:00.123456'],
    [1114, 'infinity', 'infinity'],
    [1184, '2026-01-31 12:00:00.123456+00', '2026-01-31T12:00:00.123456Z'],
    [1184, '-infinity', '-infinity'],
    [3802, '{"a": 1}', '{"a": 1}'],
    [1016, '{1,NULL,3}', [1n, null, 3n]],
    [1185, '{"2026-01-31 12:00:00+00"}', ['2026-01-31T12:00:00Z']],
    [99_999, 'enum', 'enum'],
  ])('of type %i: %s', (oid, text, value) => {
    assert.deepEqual(decoded(oid, text), value)
  })

  it('know their columns', () => {
    const { columns } = shapeOf([
      { name: 'a', dataTypeID: 20 },
      { name: 'b', dataTypeID: 1009 },
      { name: 'c', dataTypeID: 99_999 },
    ])
    assert.deepEqual(columns, [
      { name: 'a', type: 'BIGINT', databaseType: 'int8' },
      { name: 'b', type: 'ARRAY', databaseType: 'text[]' },
      { name: 'c', type: 'OTHER', databaseType: 'oid 99999' },
    ])
  })
})

describe('instants', () => {
  it.each([
    ['2026-01-31 01:30:00.25+02', '2026-01-30T23:30:00.25Z'],
    ['2026-01-31 23:30:00-05:30', '2026-02-01T05:00:00Z'],
    ['0001-01-01 00:00:00+00', '0001-01-01T00:00:00Z'],
    ['0001-01-01 00:53:28+00:53:28', '0001-01-01T00:00:00Z'],
    ['9999-12-31 23:59:59.999999+00', '9999-12-31T23:59:59.999999Z'],
    ['0044-03-15 12:00:00+00 BC', '0044-03-15T12:00:00Z BC'],
    ['10000-01-01 00:00:00+01', '9999-12-31T23:00:00Z'],
  ])('%s is %s', (text, instant) => {
    assert.equal(instantText(text), instant)
  })

  it('are written with years as PostgreSQL has them', () => {
    assert.equal(instantLiteral(new Date('+012026-01-31T12:00:00Z')), '12026-01-31 12:00:00.000+00')
    assert.equal(instantLiteral(new Date('-000043-03-15T12:00:00Z')), '0044-03-15 12:00:00.000+00 BC')
    assert.equal(dateLiteral(new Date('0000-03-15T12:00:00Z')), '0001-03-15 BC')
    assert.equal(timeLiteral(new Date('2026-01-31T12:34:56.789Z')), '12:34:56.789')
  })
})

describe('arrays', () => {
  it.each<[string, unknown]>([
    ['{}', []],
    ['{a,b}', ['a', 'b']],
    ['{NULL,"NULL",null}', [null, 'NULL', 'null']],
    ['{"a,b","c\\"d","e\\\\f","{g}"}', ['a,b', 'c"d', 'e\\f', '{g}']],
    [
      '{{1,2},{3,4}}',
      [
        ['1', '2'],
        ['3', '4'],
      ],
    ],
    ['[0:1]={5,6}', ['5', '6']],
    ['{""}', ['']],
  ])('%s', (text, values) => {
    assert.deepEqual(
      parseArray(text, (element) => element),
      values,
    )
  })

  it('that are cut off are refused', () => {
    for (const text of ['{1,2', '{"a', '{{1}'])
      assert.throws(() => parseArray(text, (element) => element), TypeError)
  })

  it('come back as they were sent', () => {
    const values = ['', 'a,b', '"', '\\', 'NULL', null, ['x', ['{']]]
    const literal = arrayLiteral(values, (element) => element as string | null)
    assert.deepEqual(
      parseArray(literal, (element) => element),
      values,
    )
  })
})
