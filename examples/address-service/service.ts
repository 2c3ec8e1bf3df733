import { createServer, type IncomingMessage, type Server } from 'node:http'
import { SQLException, type DataSource, type InitialContext } from 'wellhead'
import { townPage } from './page.ts'
import type { Transfer, TransferOrder } from './transfer.ts'

interface Answer {
  readonly status: number
  readonly type?: string
  readonly body: string
}

const addressColumns = 'id, organisation, street, house_number, postcode, town'
const statusOfOutcome = { done: 200, 'insufficient funds': 409, 'no such account': 404 } as const

/**
 * | request | answer |
 * |---|---|
 * | `GET /` | a greeting, without the database |
 * | `GET /addresses/7` | one address |
 * | `GET /addresses?town=Ashford` | the first twenty |
 * | `GET /towns/Ashford` | the same as a page |
 * | `POST /transfers` with `{ from, to, cents }` | moves money between accounts |
 */
export function createService(context: InitialContext, transfer: Transfer): Server {
  const dataSource = context.dataSource('jdbc/address')

  async function answer(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? '/', 'http://service')
    const [, collection, key] = url.pathname.split('/').map(decodeURIComponent)
    const what = `${request.method} /${collection}${key === undefined ? '' : '/'}`
    switch (what) {
      case 'GET /':
        return { status: 200, type: 'text/plain', body: 'address service\n' }
      case 'GET /addresses/':
        return oneAddress(dataSource, Number(key))
      case 'GET /addresses':
        return addressesOf(dataSource, url.searchParams.get('town') ?? '')
      case 'GET /towns/':
        return { status: 200, type: 'text/html', body: await townPage(context, key ?? '') }
      case 'POST /transfers': {
        const outcome = await transfer(dataSource, await readOrder(request))
        return json(statusOfOutcome[outcome], { outcome })
      }
      default:
        return json(404, { error: 'no such page' })
    }
  }

  return createServer((request, response) => {
    void answer(request)
      .catch(failure)
      .then(({ status, type = 'application/json', body }) => {
        response.writeHead(status, { 'content-type': `${type}; charset=utf-8` }).end(body)
      })
  })
}

async function oneAddress(dataSource: DataSource, id: number): Promise<Answer> {
  if (!Number.isSafeInteger(id)) return json(400, { error: 'the id is a whole number' })
  const { rows } = await dataSource.query(`SELECT ${addressColumns} FROM address WHERE id = ?`, [id], {
    timeout: '5s',
  })
  return rows.length === 0 ? json(404, { error: 'no such address' }) : json(200, rows[0])
}

async function addressesOf(dataSource: DataSource, town: string): Promise<Answer> {
  const text = `SELECT ${addressColumns} FROM address WHERE town = ? ORDER BY id LIMIT 20`
  const { rows } = await dataSource.query(text, [town], { timeout: '5s' })
  return json(200, rows)
}

async function readOrder(request: IncomingMessage): Promise<TransferOrder> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > 1_000) throw new BadRequest('an order is shorter')
  }
  const { from, to, cents } = parse(text)
  if (![from, to, cents].every(Number.isSafeInteger) || Number(cents) <= 0) {
    throw new BadRequest('an order has from, to and cents: whole numbers')
  }
  return { from: Number(from), to: Number(to), cents: Number(cents) }
}

function parse(text: string): { from?: unknown; to?: unknown; cents?: unknown } {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    throw new BadRequest('an order is written as JSON')
  }
}

/** Which error it was decides what the client may do; its words stay here, for they may name tables. */
function failure(error: unknown): Answer {
  if (error instanceof URIError) return json(400, { error: 'the address has a bad escape' })
  if (error instanceof BadRequest) return json(400, { error: error.message })
  if (error instanceof SQLException) return json(503, { error: 'try again', reason: error.reason })
  console.error(error)
  return json(500, { error: 'a fault of the service' })
}

function json(status: number, value: unknown): Answer {
  return { status, body: JSON.stringify(value) }
}

class BadRequest extends Error {}
