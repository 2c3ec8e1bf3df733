import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { InputError } from './input-error.ts'

export interface Options {
  /** How many addresses are made up, when no file is given. */
  readonly rows: number
  readonly seconds: number
  readonly clients: number
  /** A file of the user's own addresses. */
  readonly csv: string | undefined
  /** Only the ledger is printed, as JSON. */
  readonly json: boolean
}

export const usage = `Usage: npm run quickstart [-- OPTIONS]

  --csv FILE     loads your own file; its first line is organisation,street,house_number,postcode,town
  --json         prints the ledger as JSON and nothing else (npm run --silent quickstart -- --json)
  --rows N       addresses to make up (250000)
  --seconds N    how long the clients ask (8)
  --clients N    how many of them (200)
`

const definitions = {
  csv: { type: 'string' },
  json: { type: 'boolean', default: false },
  rows: { type: 'string', default: '250000' },
  seconds: { type: 'string', default: '8' },
  clients: { type: 'string', default: '200' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** @throws InputError when an option is unknown, or its value is of no use. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args)
  if (values.help) return 'help'
  if (values.csv !== undefined && !existsSync(values.csv)) {
    throw new InputError(`--csv ${values.csv}: there is no such file`)
  }
  return {
    rows: wholeNumber('rows', values.rows),
    seconds: wholeNumber('seconds', values.seconds),
    clients: wholeNumber('clients', values.clients),
    csv: values.csv,
    json: values.json,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: definitions }).values
  } catch (error) {
    throw new InputError(`${(error as Error).message}\n\n${usage}`, { cause: error })
  }
}

function wholeNumber(name: string, text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw new InputError(`--${name} ${text}: it wants a whole number from 1`)
}
