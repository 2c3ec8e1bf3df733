import * as v from 'valibot'
import { SQLInvalidAuthorizationSpecException } from '../api/sql-exception.ts'
import { described, type SettingDefinition, type SettingSchema } from './settings.ts'

/** Gives the password, or a token in its place; asked at every connect. */
export type PasswordProvider = () => string | Promise<string>

// What Valibot calls a function gives anything: what comes of it is checked when it is asked.
const schema = described(
  { type: 'string' },
  v.optional(v.union([v.string(), v.function()], 'a text, or a function that gives it')),
) as SettingSchema<string | PasswordProvider | undefined>

export const passwordSetting: SettingDefinition<string | PasswordProvider | undefined> = {
  schema,
  meaning: 'The password, or a function (it may be async) that gives it, or a token, at every connect.',
  secret: true,
  askedAtConnect: true,
}

/**
 * The password for one connect; undefined where none is configured.
 *
 * @throws SQLInvalidAuthorizationSpecException 28000 when the function gives anything but a text.
 */
export async function askPassword(given: string | PasswordProvider | undefined): Promise<string | undefined> {
  const password: unknown = typeof given === 'function' ? await given() : given
  if (typeof password === 'string' || given === undefined) return password as string | undefined
  throw new SQLInvalidAuthorizationSpecException(
    `The function that gives the password gave ${password === null ? 'null' : `a value of type ${typeof password}`}, not a text`,
    { sqlState: '28000', reason: 'auth' },
  )
}
