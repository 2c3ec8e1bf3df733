import { broken, patched } from './patch.ts'
import type { BrokenPool } from './patch.ts'

const dropped = 'the connection of a handle that was dropped is recovered'
const told = 'who holds a connection for too long is told of once, and so is the late return'

/** What goes wrong with those who do not give back. */
export const brokenForLeaks: readonly BrokenPool[] = [
  broken(
    'a leak is told again at every look',
    told,
    patched(({ events, clock }) => {
      const emit = events.emit.bind(events)
      events.emit = (name, event) => {
        emit(name, event)
        if (name === 'leakSuspected') clock.setTimer(() => emit(name, event), 10_000, { keepAlive: false })
      }
    }),
  ),
  broken(
    'a late return is not told',
    told,
    patched(({ leaks }) => {
      leaks.returned = (slot, borrowing) => leaks.forget(slot, borrowing)
    }),
  ),
  broken(
    'the time is that of the connection, not of its borrower',
    told,
    patched(({ leaks }) => {
      const lent = leaks.lent.bind(leaks)
      leaks.lent = (slot, ...rest) => {
        slot.lentAt = slot.createdAt
        lent(slot, ...rest)
      }
    }),
  ),
  broken(
    'a handle that is dropped is not noticed',
    dropped,
    patched(({ factory }) => {
      Object.assign(factory, { lendsHandles: false })
    }),
  ),
  broken(
    'a dropped handle takes its connection although a statement runs',
    'a dropped handle keeps its connection while a statement runs on it',
    patched(({ factory }) => {
      factory.activity = () => 'none'
    }),
  ),
  broken(
    'a dropped handle whose statement ran is forgotten',
    'a dropped handle keeps its connection while a statement runs on it',
    patched(({ factory }) => {
      const activity = factory.activity.bind(factory)
      let first: ReturnType<typeof activity> | undefined
      factory.activity = (member) => (first ??= activity(member))
    }),
  ),
  broken(
    'a collected handle takes the connection from whoever has it now',
    'a handle that was given back and is collected later takes nothing from the next borrower',
    patched((engine) => {
      const { leaks } = engine
      const lent = leaks.lent.bind(leaks)
      const watched = new FinalizationRegistry<Parameters<typeof lent>[0]>((slot) =>
        engine.retire(slot, 'leaked'),
      )
      leaks.lent = (slot, handle, stack) => {
        lent(slot, handle, stack)
        watched.register(handle!, slot)
      }
    }),
  ),
  broken(
    'what is reclaimed stays with its borrower as well',
    'under pressure what is held for too long is taken back, unless a statement runs on it',
    patched(({ factory }) => {
      const destroy = factory.destroy.bind(factory)
      factory.destroy = (member, reason) =>
        reason === 'leaked' ? Promise.resolve() : destroy(member, reason)
    }),
  ),
  broken(
    'under pressure it is not looked at whether a statement runs',
    'under pressure what is held for too long is taken back, unless a statement runs on it',
    patched(({ factory }) => {
      factory.activity = () => 'none'
    }),
  ),
  broken(
    'what is held for too long is taken back whether somebody waits or not',
    'while nobody waits nothing is taken from its borrower',
    patched((engine) => {
      engine.events.on('leakSuspected', ({ member }) => {
        for (const slot of engine.slots.all) if (slot.label === member.id) engine.retire(slot, 'leaked')
      })
    }),
  ),
]
