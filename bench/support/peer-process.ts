// Peers in processes of their own. Those that use the same library would otherwise change how the runtime has compiled it
// for the others, and collect each other's garbage: a service has one of them.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** What one peer has reached within a slice of time. */
export interface Sample {
  readonly perSecond: number
  readonly cpuMicroseconds: number
}

/** A peer at work on a scenario, here or in a process of its own. */
export interface Runner {
  measure(milliseconds: number): Promise<Sample>
  end(): Promise<void>
}

const roleKey = 'WELLHEAD_BENCH_ROLE'
const factsKey = 'WELLHEAD_BENCH_FACTS'

/** Which peer this process is, and on which scenario; undefined in the process that compares them. */
export function roleOfProcess(): { readonly peer: string; readonly scenario: string } | undefined {
  const role = process.env[roleKey]
  return role === undefined ? undefined : JSON.parse(role)
}

/**
 * Starts what all peers talk to: once, however many processes there are.
 *
 * @param start Gives what the peers are to know of it, which is sent as JSON.
 */
export async function startOnce<Facts>(
  start: () => Promise<{ readonly facts: Facts; close(): Promise<void> }>,
): Promise<{ readonly facts: Facts; close(): Promise<void> }> {
  const told = process.env[factsKey]
  if (told !== undefined) return { facts: JSON.parse(told) as Facts, close: async () => undefined }
  const started = await start()
  process.env[factsKey] = JSON.stringify(started.facts)
  return started
}

/** Starts this bench again, as one of its peers. */
export async function startPeer(peer: string, scenario: string): Promise<Runner> {
  const env = { ...process.env, [roleKey]: JSON.stringify({ peer, scenario }) }
  const child = fork(process.argv[1]!, process.argv.slice(2), { env })
  await answerOf(child)
  return {
    async measure(milliseconds) {
      child.send({ milliseconds })
      return (await answerOf(child)) as Sample
    },
    async end() {
      child.send({})
      await once(child, 'exit')
    },
  }
}

/** Measures when it is told to, until the process that compares says that it was the last time. */
export async function servePeer(runner: Runner): Promise<void> {
  process.send!({})
  for (;;) {
    const [{ milliseconds }] = (await once(process, 'message')) as [{ readonly milliseconds?: number }]
    if (milliseconds === undefined) break
    process.send!(await runner.measure(milliseconds))
  }
  await runner.end()
  process.disconnect()
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController()
  try {
    return await Promise.race([
      once(child, 'message', { signal: ended.signal }).then(([answer]) => answer as unknown),
      once(child, 'exit', { signal: ended.signal }).then(([code]) => {
        throw new Error(`the process of a peer ended with code ${code}`)
      }),
    ])
  } finally {
    ended.abort()
  }
}
