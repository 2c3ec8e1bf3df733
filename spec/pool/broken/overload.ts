import { LinkedList } from '../../../src/pool/container.ts'
import { broken, patched } from './patch.ts'
import type { BrokenPool } from './patch.ts'

/** What goes wrong when more is asked for than can be served. */
export const brokenForOverload: readonly BrokenPool[] = [
  broken(
    'codel: the oldest is served first, however late he is',
    'codel: a queue that stands is served from its end',
    patched(({ waiters }) => {
      waiters.shift = () => LinkedList.prototype.shift.call(waiters) as ReturnType<typeof waiters.shift>
    }),
  ),
  broken(
    'codel: the newest is served first, whether the queue stands or not',
    'codel: a burst is served in the order of coming, and nobody is refused',
    patched(({ waiters, limits }) => {
      const shift = waiters.shift.bind(waiters)
      waiters.shift = () => (limits.queue === 'codel' ? waiters.pop() : shift())
    }),
  ),
  broken(
    'codel: the hopeless wait until their time is up',
    'codel: who has waited too long in a queue that stands is refused at once',
    patched(({ connector }) => {
      Object.defineProperty(connector, 'meanUse', { get: () => Infinity })
    }),
  ),
]
