import type { IsolationLevel, SettingStatement, Statement } from './statements.ts'
import type { TokenStream } from './token-stream.ts'

/** Read, and of no consequence here: what they would change is not done otherwise by this server. */
const accepted: ReadonlyMap<string, readonly string[]> = new Map([
  ['ANSI_NULLS', ['ON']],
  ['ANSI_NULL_DFLT_ON', ['ON']],
  ['ANSI_PADDING', ['ON']],
  ['ANSI_WARNINGS', ['ON']],
  ['ARITHABORT', ['ON', 'OFF']],
  ['CONCAT_NULL_YIELDS_NULL', ['ON']],
  ['CURSOR_CLOSE_ON_COMMIT', ['OFF']],
  ['NUMERIC_ROUNDABORT', ['OFF']],
  ['QUOTED_IDENTIFIER', ['ON']],
  ['FMTONLY', ['OFF']],
  ['NOEXEC', ['OFF']],
])

/** Behind SET. */
export function readSetting(tokens: TokenStream, line: number): Statement[] {
  const statement = (setting: SettingStatement['setting']): Statement[] => [
    { kind: 'setting', line, setting },
  ]
  if (tokens.take('TRANSACTION', 'ISOLATION', 'LEVEL'))
    return statement({ name: 'isolation', value: readLevel(tokens) })
  const name = tokens.next().word
  switch (name) {
    case 'LOCK_TIMEOUT':
      return statement({ name: 'lock timeout', value: tokens.integer() })
    case 'XACT_ABORT':
    case 'NOCOUNT':
    case 'IMPLICIT_TRANSACTIONS': {
      const value = readSwitch(tokens) === 'ON'
      if (name === 'IMPLICIT_TRANSACTIONS' && value) throw tokens.unknown('IMPLICIT_TRANSACTIONS ON')
      return statement({ name: name.toLowerCase() as 'xact_abort' | 'nocount', value })
    }
    case 'TEXTSIZE':
    case 'DATEFIRST':
      tokens.integer()
      return statement({ name: 'accepted' })
    case 'DATEFORMAT':
    case 'LANGUAGE':
    case 'DEADLOCK_PRIORITY': {
      const value = tokens.next().text.toLowerCase()
      if (!['mdy', 'us_english', 'normal'].includes(value)) throw tokens.unknown(`SET ${name} ${value}`)
      return statement({ name: 'accepted' })
    }
    default: {
      const values = accepted.get(name)
      if (!values) throw tokens.unknown(`SET ${name}`)
      const value = readSwitch(tokens)
      if (!values.includes(value)) throw tokens.unknown(`SET ${name} ${value}`)
      return statement({ name: 'accepted' })
    }
  }
}

function readSwitch(tokens: TokenStream): string {
  if (!tokens.isOneOf('ON', 'OFF')) throw tokens.wrong()
  return tokens.next().word
}

function readLevel(tokens: TokenStream): IsolationLevel {
  if (tokens.take('READ', 'UNCOMMITTED')) return 'read uncommitted'
  if (tokens.take('READ', 'COMMITTED')) return 'read committed'
  if (tokens.take('REPEATABLE', 'READ')) return 'repeatable read'
  if (tokens.take('SNAPSHOT')) return 'snapshot'
  tokens.expect('SERIALIZABLE')
  return 'serializable'
}
