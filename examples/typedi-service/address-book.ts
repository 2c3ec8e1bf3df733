import { Service } from 'typedi'
import type { DataSource } from 'wellhead'
import { InjectDataSource } from 'wellhead/typedi'

export interface Address {
  readonly id: number
  readonly street: string
  readonly town: string
}

@Service()
export class AddressBook {
  readonly #addresses: DataSource

  constructor(@InjectDataSource('jdbc/address') addresses: DataSource) {
    this.#addresses = addresses
  }

  async create(): Promise<void> {
    await this.#addresses.execute(
      'CREATE TABLE address (id INTEGER PRIMARY KEY, street VARCHAR(100) NOT NULL, town VARCHAR(100) NOT NULL)',
    )
  }

  async add(addresses: readonly Address[]): Promise<void> {
    const rows = addresses.map(({ id, street, town }) => [id, street, town])
    await this.#addresses.batch('INSERT INTO address (id, street, town) VALUES (?, ?, ?)', rows)
  }

  async in(town: string): Promise<readonly Address[]> {
    const { rows } = await this.#addresses.query<Address>(
      'SELECT id, street, town FROM address WHERE town = ? ORDER BY id',
      [town],
    )
    return rows
  }
}
