// PgBouncer gives all that it has to say by itself the SQLSTATE 08P01: only its text, which is always English, tells more.

/**
 * What 08P01 means that comes in the place of a session: the SQLSTATE that a server would give, or undefined for what
 * passes: no room for another client, no server behind the pooler.
 */
export function stateOfRefusal(message: string): '28000' | '3D000' | '08P01' | undefined {
  if (/authentication failed|no such user/i.test(message)) return '28000'
  if (/^(?:no such database|database .*does not exist)/i.test(message)) return '3D000'
  return /startup parameter|unsupported|invalid|bad packet|not allowed|TLS|SSL/i.test(message)
    ? '08P01'
    : undefined
}

/** A request that waited in vain for a connection to the server: it never had one. */
export function waitedInVain(message: string): boolean {
  return /^(?:query_wait_timeout|server login has been failing)/.test(message)
}
