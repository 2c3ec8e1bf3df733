import assert from 'node:assert/strict'
import { it } from 'vitest'
import { frontend } from '../../../drivers/pg/frontend-messages.ts'
import { registerBadInput } from '../../conformance/bad-input-register.ts'
import { pgHarness } from '../../conformance/harness/pg.ts'
import { describePgBouncer, describePostgres } from '../../support/postgres.ts'

const options = { database: 'pg', maxParameters: 65_535 } as const

await describePostgres('PostgreSQL', (server) => {
  registerBadInput(
    pgHarness('pg', server, (database) => ({ ...database.settings })),
    options,
  )
  const { ca } = server.address
  if (ca !== undefined) {
    registerBadInput(
      pgHarness('pg over TLS', server, (database) => ({
        ...database.settings,
        tls: { mode: 'verify-full', ca },
      })),
      options,
    )
  }
})

await describePgBouncer('PostgreSQL behind PgBouncer', (start, server) => {
  registerBadInput(
    pgHarness('pg behind PgBouncer', server, async (database) => ({
      ...(await start()).settings(database.name),
      pooler: 'transaction',
    })),
    options,
  )
})

it('a message for which there is no memory leaves no beginning of it for the next one', () => {
  const huge = { length: 2 ** 52 } as Uint8Array
  assert.throws(() => frontend.parse('', 'SELECT ?', [17]).bind('', [huge]))
  assert.equal(frontend.take().length, 0)
  assert.deepEqual([...frontend.sync().take()], [0x53, 0, 0, 0, 4])
})
