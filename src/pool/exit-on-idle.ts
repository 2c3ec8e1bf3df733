import type { Connection } from '../api/connection.ts'
import type { Member } from './connection-factory.ts'
import type { PoolEngine } from './engine.ts'
import type { PoolSettings } from './settings.ts'
import type { Slot } from './slot.ts'

/** The setting `allowExitOnIdle`: connections that are idle do not keep the process running, all others do. */
export function letExitOnIdle(
  engine: PoolEngine<Member, Connection>,
  settings: Pick<PoolSettings, 'allowExitOnIdle'>,
): void {
  const tell = ({ resource }: Slot<Member>, rests: boolean): void => resource!.pooled.keepAlive?.(!rests)
  const apply = (): void => {
    const { allowExitOnIdle } = settings
    engine.slots.onRest = allowExitOnIdle ? tell : undefined
    for (const slot of engine.idle) tell(slot, allowExitOnIdle)
  }
  apply()
  engine.events.on('reconfigured', ({ changed }) => {
    if (changed.includes('allowExitOnIdle')) apply()
  })
}
