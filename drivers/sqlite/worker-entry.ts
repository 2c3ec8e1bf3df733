import { parentPort } from 'node:worker_threads'
import { EngineHost } from './host.ts'
import type { ToEngine } from './protocol.ts'

const port = parentPort!
// With its port closed the thread ends by itself.
const host = new EngineHost(
  (message) => port.postMessage(message),
  () => port.close(),
)
port.on('message', (message: ToEngine) => host.receive(message))
