import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { InitialContext, Reference } from 'wellhead'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadAddresses } from '../../examples/address-service/load.ts'
import { createIndex, createTables, openAccounts } from '../../examples/address-service/schema.ts'
import { createService } from '../../examples/address-service/service.ts'
import { transfer } from '../../examples/address-service/transfer.ts'

const addresses = ['Ashford', '<b>Mill & Co</b>', 'Ashford'].map((town, at) => ({
  organisation: `Museum ${at}`,
  street: 'High Street',
  houseNumber: '1a',
  postcode: '04310',
  town,
}))

const context = new InitialContext()
context.bind('jdbc/address', new Reference('DataSource', { url: 'sqlite::memory:' }))
const dataSource = context.dataSource('jdbc/address')
const service = createService(context, transfer)
let origin: string

beforeAll(async () => {
  await createTables(dataSource)
  await loadAddresses(dataSource, addresses, () => {})
  await createIndex(dataSource)
  await openAccounts(dataSource, 2)
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  origin = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
})

afterAll(async () => {
  service.closeAllConnections()
  service.close()
  await context.close()
})

const get = (path: string): Promise<Response> => fetch(origin + path)
const order = (body: unknown): Promise<Response> =>
  fetch(`${origin}/transfers`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const balances = async (): Promise<bigint[]> => {
  const { rows } = await dataSource.query<{ balance: bigint }>('SELECT balance FROM account ORDER BY id')
  return rows.map(({ balance }) => balance)
}

it('gives one address, and those of a town', async () => {
  const ashford = {
    organisation: 'Museum 0',
    street: 'High Street',
    house_number: '1a',
    postcode: '04310',
    town: 'Ashford',
  }
  expect(await (await get('/addresses/1')).json()).toEqual({ id: 1, ...ashford })
  const found = (await (await get('/addresses?town=Ashford')).json()) as { id: number }[]
  expect(found.map(({ id }) => id)).toEqual([1, 3])
})

it('shows a town as a page, in which data is text and never markup', async () => {
  const page = await (await get(`/towns/${encodeURIComponent('<b>Mill & Co</b>')}`)).text()
  expect(page).toContain('<h1>&lt;b&gt;Mill &amp; Co&lt;/b&gt;</h1>')
  expect(page).toContain('Museum 1')
  expect(page).not.toContain('<b>')
})

it.each([
  ['/addresses/99', 404],
  ['/addresses/x', 400],
  ['/towns/%E0%A4%A', 400],
  ['/nowhere', 404],
])('%s is answered with %d', async (path, status) => {
  expect((await get(path)).status).toBe(status)
})

describe('a transfer', () => {
  it('moves money', async () => {
    expect((await order({ from: 1, to: 2, cents: 250 })).status).toBe(200)
    expect(await balances()).toEqual([99_750n, 100_250n])
  })

  it.each([
    ['more than there is', { from: 1, to: 2, cents: 1_000_000 }, 409],
    ['to nowhere', { from: 1, to: 99, cents: 1 }, 404],
    ['of nothing', { from: 1, to: 2, cents: 0 }, 400],
    ['of half a cent', { from: 1, to: 2, cents: 0.5 }, 400],
    ['that is no JSON', '{', 400],
    ['that is too long', 'x'.repeat(2_000), 400],
  ])('%s changes nothing', async (_, body, status) => {
    const before = await balances()
    expect((await order(body)).status).toBe(status)
    expect(await balances()).toEqual(before)
  })
})
