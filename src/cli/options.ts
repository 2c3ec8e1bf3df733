import { InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '../api/duration.ts'

/** `--timeout 5s`, in milliseconds. */
export function timeoutOption(meaning: string): Option {
  return new Option('--timeout <duration>', meaning).argParser((value) => {
    const milliseconds = parseDuration(/^\d+$/.test(value) ? Number(value) : value)
    if (milliseconds !== undefined) return milliseconds
    throw new InvalidArgumentError("It wants milliseconds or a duration such as '30s'.")
  })
}
