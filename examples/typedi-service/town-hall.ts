import { Inject, Service } from 'typedi'
import { AddressBook } from './address-book.ts'

/** Knows nothing of databases: typedi makes its address book. */
@Service()
export class TownHall {
  readonly #book: AddressBook

  constructor(@Inject(() => AddressBook) book: AddressBook) {
    this.#book = book
  }

  async letter(town: string): Promise<string> {
    const addresses = await this.#book.in(town)
    return addresses.map(({ street }) => `To ${street}, ${town}`).join('\n')
  }
}
