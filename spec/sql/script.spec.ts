import { describe, expect, it } from 'vitest'
import type { DialectName } from '../../src/sql/dialect.ts'
import { dialectFor } from '../../src/sql/dialects/index.ts'
import { scriptTraits } from '../../src/sql/script.ts'
import { dialects } from './support.ts'

describe('a text of several statements', () => {
  it.each<[DialectName, text: string, changes: unknown[]]>([
    ['pg', '', []],
    ['pg', ' ; -- nothing\n;; /* ; */', []],
    ['pg', "SELECT ';'; SET a = 1; LISTEN c", [false, 'settings', 'listening']],
    ['pg', 'SET LOCAL a = 1;;RESET ALL;', [false, 'settings']],
    ['pg', 'DO $$ BEGIN SET a = 1; END $$; SELECT 1', ['unseen', false]],
    [
      'pg',
      'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; CREATE TEMP TABLE t (a int)',
      [false, 'temporary'],
    ],
    ['pg', 'SELECT a ? b, $1; BEGIN; SELECT pg_advisory_lock(1); COMMIT', [false, false, 'locks', false]],
    ['mysql', 'SELECT 1 /*! ; USE x */', [false, 'settings']],
  ])('%s: %j', (dialect, text, changes) => {
    expect(scriptTraits(text, dialectFor(dialect)).map((traits) => traits.changesSession)).toEqual(changes)
  })

  it.each(dialects)('%s: something that is not ended is told', (dialect) => {
    expect(() => scriptTraits("SELECT 1; SELECT 'a", dialectFor(dialect))).toThrow(
      expect.objectContaining({ sqlState: '42601', position: 17 }),
    )
  })
})
