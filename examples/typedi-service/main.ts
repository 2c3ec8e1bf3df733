// npx tsc -p examples/typedi-service && node examples/typedi-service/dist/main.js
import 'reflect-metadata'
import { Container } from 'typedi'
import { InitialContext } from 'wellhead'
import { registerContext } from 'wellhead/typedi'
import { AddressBook } from './address-book.ts'
import { TownHall } from './town-hall.ts'

const context = InitialContext.fromObject({
  dataSources: { 'jdbc/address': { url: { env: 'ADDRESS_URL', default: 'sqlite::memory:' } } },
})
const registration = registerContext(Container, context)
try {
  await context.start()
  const book = Container.get(AddressBook)
  await book.create()
  await book.add([
    { id: 1, street: 'High Street 1a', town: 'Ashford' },
    { id: 2, street: 'Mill Lane 7', town: 'Millbridge' },
    { id: 3, street: 'Station Road 12', town: 'Ashford' },
  ])
  console.log(await Container.get(TownHall).letter('Ashford'))
} finally {
  await registration.close()
}
