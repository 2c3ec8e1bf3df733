import 'reflect-metadata'
import { Container, Service, ServiceNotFoundError, Token } from 'typedi'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DataSource } from '../../src/api/data-source.ts'
import { InitialContext } from '../../src/index.ts'
import { NameNotFoundException } from '../../src/naming/naming-exception.ts'
import { Reference } from '../../src/naming/reference.ts'
import { ScriptedDriver } from '../../src/testing/index.ts'
import {
  dataSourceToken,
  InjectDataSource,
  registerContext,
  type ContextRegistration,
  type OwnedContext,
} from '../../src/typedi.ts'

@Service()
class AddressBook {
  readonly byConstructor: DataSource
  @InjectDataSource('jdbc/ledger')
  readonly byProperty!: DataSource

  constructor(@InjectDataSource('java:comp/env/jdbc/address') address: DataSource) {
    this.byConstructor = address
  }
}

@Service()
class TownHall {
  readonly book: AddressBook

  constructor(book: AddressBook) {
    this.book = book
  }
}

let driver: ScriptedDriver
let context: InitialContext
let registrations: ContextRegistration[]

beforeEach(() => {
  driver = new ScriptedDriver()
  context = new InitialContext()
  context.bind('jdbc/address', new Reference('DataSource', { driver }))
  context.bind('jdbc/ledger', new Reference('DataSource', { driver }))
  registrations = []
})

afterEach(async () => {
  for (const registration of registrations) await registration.close()
  await context.close()
  Container.reset()
  expect(driver.open).toBe(0)
})

function register(...parameters: Parameters<typeof registerContext>): ContextRegistration {
  const registration = registerContext(...parameters)
  registrations.push(registration)
  return registration
}

describe('a token', () => {
  it('is the same for the same name, however it is written', () => {
    const token = dataSourceToken('jdbc/address')
    expect(token).toBeInstanceOf(Token)
    expect(token.name).toBe('jdbc/address')
    expect(dataSourceToken('java:comp/env/jdbc/address')).toBe(token)
    expect(dataSourceToken('jdbc/ledger')).not.toBe(token)
    expect(() => dataSourceToken('"')).toThrow(expect.objectContaining({ name: 'InvalidNameException' }))
  })

  it('is known to every copy of the module', async () => {
    const path = '../../src/typedi.ts?copy'
    const copy = (await import(path)) as { dataSourceToken: typeof dataSourceToken }
    expect(copy.dataSourceToken).not.toBe(dataSourceToken)
    expect(copy.dataSourceToken('jdbc/address')).toBe(dataSourceToken('jdbc/address'))
    register(Container, context)
    context.bind('jdbc/third', new Reference('DataSource', { driver }))
    expect(Container.get(copy.dataSourceToken('jdbc/third'))).toBe(context.dataSource('jdbc/third'))
  })

  it('gives what the context gives, also when it is newer than the registration, or its name is', async () => {
    register(Container, context)
    expect(Container.get(dataSourceToken('jdbc/address'))).toBe(context.dataSource('jdbc/address'))
    const late = dataSourceToken('jdbc/late')
    expect(() => Container.get(late)).toThrow(NameNotFoundException)
    // The failure is not kept.
    context.bind('jdbc/late', new Reference('DataSource', { driver }))
    expect((await Container.get(late).health()).ok).toBe(true)
    await context.unbind('jdbc/late')
    context.bind('jdbc/late', new Reference('DataSource', { driver }))
    expect((await Container.get(late).health()).ok).toBe(true)
  })

  it('makes nothing before it is asked for', () => {
    register(Container, context)
    dataSourceToken('jdbc/nowhere')
    expect(context.list('jdbc').map(({ name }) => name)).toEqual(['address', 'ledger'])
    expect(driver.opened).toBe(0)
  })
})

describe('a service', () => {
  it('has data sources by constructor and by property, and other services by their types', async () => {
    register(Container, context)
    const { book } = Container.get(TownHall)
    expect(book).toBeInstanceOf(AddressBook)
    expect(book.byConstructor).toBe(context.dataSource('jdbc/address'))
    expect(book.byProperty).toBe(context.dataSource('jdbc/ledger'))
    expect((await book.byConstructor.query('SELECT 1 AS one')).rows).toHaveLength(1)
  })

  it('follows a rebind and an override, without being made anew', async () => {
    register(Container, context)
    const { byConstructor } = Container.get(AddressBook)
    const other = new ScriptedDriver()
    other.answer('SELECT which', [{ which: 'new' }])
    await context.rebind('jdbc/address', new Reference('DataSource', { driver: other }))
    expect((await byConstructor.query('SELECT which')).rows).toEqual([{ which: 'new' }])
    driver.answer('SELECT which', [{ which: 'other' }])
    using override = context.override('jdbc/address', context.dataSource('jdbc/ledger'))
    expect(override).toBeDefined()
    expect((await byConstructor.query('SELECT which')).rows).toEqual([{ which: 'other' }])
  })

  it('in a container of its own has what is registered there, else what is registered globally', async () => {
    register(Container, context)
    await using scope = context.createScope()
    scope.bind('jdbc/address', new Reference('DataSource', { driver }))
    const tenant = Container.of('tenant')
    register(tenant, scope)
    const here = tenant.get(AddressBook)
    expect(here.byConstructor).toBe(scope.dataSource('jdbc/address'))
    expect(here.byConstructor).not.toBe(context.dataSource('jdbc/address'))
    expect(here.byProperty).toBe(context.dataSource('jdbc/ledger'))
    const request = Container.of('request').get(AddressBook)
    expect(request.byConstructor).toBe(context.dataSource('jdbc/address'))
    expect(Container.get(AddressBook).byConstructor).toBe(context.dataSource('jdbc/address'))
    Container.reset('tenant')
    Container.reset('request')
  })

  it('without a registration is refused, not given undefined', () => {
    expect(() => Container.get(AddressBook)).toThrow(ServiceNotFoundError)
  })
})

describe('a registration', () => {
  it('ends with the context, which is closed when it settles', async () => {
    const registration = register(Container, context)
    const address = Container.get(dataSourceToken('jdbc/address'))
    await address.query('SELECT 1 AS one')
    expect(driver.open).toBe(1)
    const closing = registration.close()
    expect(() => Container.get(dataSourceToken('jdbc/address'))).toThrow(ServiceNotFoundError)
    await closing
    expect(driver.open).toBe(0)
    expect(() => context.list()).toThrow('closed')
    await registration[Symbol.asyncDispose]()
  })

  it('leaves a context open that somebody else closes', async () => {
    await register(Container, context, { closeContext: false }).close()
    expect((await context.dataSource('jdbc/address').health()).ok).toBe(true)
    register(Container, context)
    expect((await Container.get(dataSourceToken('jdbc/address')).health()).ok).toBe(true)
  })

  it('tells the failure of the close', async () => {
    const failure = new Error('it does not want to')
    const broken = Object.assign(Object.create(context) as OwnedContext, {
      [Symbol.asyncDispose]: () => Promise.reject(failure),
    })
    await expect(registerContext(Container, broken).close()).rejects.toBe(failure)
  })

  it('is the only one of its container', () => {
    register(Container, context)
    expect(() => registerContext(Container, context)).toThrow('has a context already')
  })

  it('does not replace what the container has for a token, and does not take it away', async () => {
    await using fake = new InitialContext()
    fake.bind('x', new Reference('DataSource', { driver }))
    const token = dataSourceToken('jdbc/address')
    Container.set(token, fake.dataSource('x'))
    const registration = register(Container, context)
    expect(Container.get(token)).toBe(fake.dataSource('x'))
    await registration.close()
    expect(Container.get(token)).toBe(fake.dataSource('x'))
    Container.remove(token)
  })

  it('survives reset() and remove() of typedi, which wait for nothing: they close nothing', async () => {
    register(Container, context)
    const address = Container.get(dataSourceToken('jdbc/address'))
    Container.reset()
    expect((await address.health()).ok).toBe(true)
    expect(Container.get(dataSourceToken('jdbc/address'))).toBe(address)
    Container.remove(dataSourceToken('jdbc/address'))
    expect((await address.health()).ok).toBe(true)
  })

  it('is refused for a container of another copy of typedi', () => {
    const foreign = { id: 'default', get: () => {}, set: () => {}, has: () => false } as never
    expect(() => registerContext(foreign, context)).toThrow('there are two copies')
  })
})

it('a standard decorator is refused with what to change', () => {
  const decorate = InjectDataSource('jdbc/address') as (value: never, context: never) => void
  expect(() => decorate(undefined as never, { kind: 'field', name: 'address' } as never)).toThrow(
    'experimentalDecorators',
  )
})
