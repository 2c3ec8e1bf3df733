import { describe, expect, it } from 'vitest'
import { sql, type SqlFragment, type SqlIdentifier } from '../../src/api/sql-template.ts'

const text = (fragment: SqlFragment): string => fragment.toSql((name) => `"${name}"`)

describe('the template', () => {
  it('makes a parameter of every value', () => {
    const fragment = sql`SELECT * FROM account WHERE id = ${7} AND city = ${'Basel'}`
    expect(text(fragment)).toBe('SELECT * FROM account WHERE id = ? AND city = ?')
    expect(fragment.parameters).toEqual([7, 'Basel'])
  })

  it('nests, keeping the order of the parameters', () => {
    const condition = sql`city = ${'Basel'} AND zip = ${4051}`
    const fragment = sql`SELECT ${1} FROM t WHERE (${condition}) LIMIT ${5}`
    expect(text(fragment)).toBe('SELECT ? FROM t WHERE (city = ? AND zip = ?) LIMIT ?')
    expect(fragment.parameters).toEqual([1, 'Basel', 4051, 5])
  })

  it('leaves names to the dialect', () => {
    const fragment = sql`SELECT ${sql.id('a')} FROM ${sql.id('main', 't')}`
    expect(text(fragment)).toBe('SELECT "a" FROM "main"."t"')
    expect(fragment.parameters).toEqual([])
  })

  it('writes lists and rows', () => {
    const fragment = sql`INSERT INTO t VALUES ${sql.rows([
      [1, 'a'],
      [2, 'b'],
    ])}`
    expect(text(fragment)).toBe('INSERT INTO t VALUES (?, ?), (?, ?)')
    expect(fragment.parameters).toEqual([1, 'a', 2, 'b'])
    expect(text(sql`x IN (${sql.list([1, 2, 3])})`)).toBe('x IN (?, ?, ?)')
  })

  it('joins pieces of any kind', () => {
    const fragment = sql.join([sql`a = ${1}`, sql`b = ${2}`], sql` AND `)
    expect(text(fragment)).toBe('a = ? AND b = ?')
    expect(fragment.parameters).toEqual([1, 2])
    expect(text(sql.join([sql.id('a'), 1]))).toBe('"a", ?')
  })

  it('takes a very long list', () => {
    const many = Array.from({ length: 200_000 }, (_, index) => index)
    expect(sql`x IN (${sql.list(many)})`.parameters).toHaveLength(200_000)
  })

  it('takes raw text as it is', () => {
    expect(text(sql`SELECT 1 ${sql.raw('ORDER BY 1')}`)).toBe('SELECT 1 ORDER BY 1')
  })

  it.each([
    ['an empty list', () => sql.list([])],
    ['no rows', () => sql.rows([])],
    ['an empty row', () => sql.rows([[]])],
    ['ragged rows', () => sql.rows([[1, 2], [3]])],
    ['an empty name', () => sql.id('')],
    ['a NUL in a name', () => sql.id('a\0b')],
    ['a separator with parameters', () => sql.join([1], sql`${1}`)],
  ])('refuses %s', (_, make: () => SqlFragment | SqlIdentifier) => {
    expect(make).toThrow(expect.objectContaining({ sqlState: '42601' }) as Error)
  })
})
