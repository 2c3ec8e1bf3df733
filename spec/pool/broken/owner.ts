import { SlotState } from '../../../src/pool/slot.ts'
import { broken, ignore, patched } from './patch.ts'
import type { BrokenPool } from './patch.ts'

/** What goes wrong when the owner speaks. */
export const brokenForOwners: readonly BrokenPool[] = [
  broken(
    'a suspended pool goes on',
    'a suspended pool lends nothing and connects no more, until it is resumed',
    patched((engine) => {
      Object.defineProperty(engine, 'suspended', { get: () => false, set: ignore })
    }),
  ),
  broken(
    'resume wakes nobody',
    'a suspended pool lends nothing and connects no more, until it is resumed',
    patched(({ administration }) => {
      const resume = administration.resume.bind(administration)
      administration.resume = () => void setTimeout(resume, 1_000)
    }),
  ),
  broken(
    'a smaller maximum cuts what is in use',
    'a pool that was made smaller cuts nobody, and comes to its new size',
    patched((engine) => {
      const { administration, slots } = engine
      const reconfigure = administration.reconfigure.bind(administration)
      administration.reconfigure = (limits) => {
        reconfigure(limits)
        for (const slot of slots.all) if (engine.isTooMany()) engine.retire(slot, 'resized')
      }
    }),
  ),
  broken(
    'a smaller maximum counts for new connections only',
    'a pool that was made smaller cuts nobody, and comes to its new size',
    patched((engine) => {
      engine.isTooMany = () => false
    }),
  ),
  broken(
    'evict graceful forgets what is in use',
    'evict graceful renews every connection, and takes none from its borrower',
    patched(({ administration }) => {
      const evict = administration.evict.bind(administration)
      administration.evict = (mode) => evict(mode === 'graceful' ? 'idle' : mode)
    }),
  ),
  broken(
    'evict graceful takes connections from their borrowers',
    'evict graceful renews every connection, and takes none from its borrower',
    patched(({ administration }) => {
      const evict = administration.evict.bind(administration)
      administration.evict = (mode) => evict(mode === 'graceful' ? 'all' : mode)
    }),
  ),
  broken(
    'drain does not wait for borrowers',
    'drain resolves when nothing is left, not before',
    patched(({ administration, slots }) => {
      const drain = administration.drain.bind(administration)
      administration.drain = () =>
        slots.counts[SlotState.inUse] === 0 ? drain() : (void drain(), Promise.resolve())
    }),
  ),
]
