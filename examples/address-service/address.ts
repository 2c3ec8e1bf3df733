/** Where an organisation is. All texts: house numbers have letters, postcodes have zeros in front. */
export interface Address {
  readonly organisation: string
  readonly street: string
  readonly houseNumber: string
  readonly postcode: string
  readonly town: string
}

/** A line of a file that is no address. */
export interface BadRow {
  /** From 1, as editors count. */
  readonly line: number
  readonly fault: string
}

/** The columns of a file, in order. */
export const columns = ['organisation', 'street', 'house_number', 'postcode', 'town'] as const
