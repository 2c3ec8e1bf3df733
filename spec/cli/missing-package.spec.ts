import { expect, it, vi } from 'vitest'
import { asJson, configure, workingFolder } from './support.ts'

vi.mock('pg', () => {
  throw new Error(`Cannot find package 'pg'`)
})
workingFolder()

it('check tells that the package of a driver is missing, once, and how it is installed', async () => {
  configure("dataSources: { a: { url: 'postgres://u@127.0.0.1:1/d' } }")
  const { code, json } = await asJson(['check'])
  expect(code).toBe(1)
  expect(json).toMatchObject({
    dataSources: [{ name: 'a', driver: 'pg', client: null }],
    problems: [
      {
        dataSource: 'a',
        message: expect.stringMatching(/^a: .* which is not installed: npm i pg@\^8\.23\.1/) as string,
        remedy: 'do so in the folder of the application',
      },
    ],
  })
  expect((json as { problems: unknown[] }).problems).toHaveLength(1)
})
