// Opens a connection in a process of its own, says which, and stays. Run by a spec, which kills it.
import { connect } from '../../../drivers/sqlite/connect.ts'
import { ProcessChannel } from '../../../drivers/sqlite/process-channel.ts'
import { noDeadline } from '../../../src/session/call-deadline.ts'

const connection = await connect(
  (listener) => new ProcessChannel(listener),
  {
    path: process.argv[2]!,
    readOnly: false,
    journalMode: 'wal',
    synchronous: 'off',
    foreignKeys: true,
    busyTimeout: 1_000,
    nativeValues: false,
  },
  10,
  noDeadline,
)
console.log(connection.id)
