import { EngineHost } from './host.ts'
import type { ToEngine } from './protocol.ts'

const host = new EngineHost(
  (message) => process.send!(message),
  () => process.disconnect(),
)
process.on('message', (message) => host.receive(message as ToEngine))
// The parent is gone: without a channel and a timer the process ends by itself.
process.on('disconnect', () => host.stop())
// A signal for the whole group (Ctrl+C) is the application's affair; this process ends with its connection.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ignore)

function ignore(): void {}
