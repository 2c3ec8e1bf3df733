import { Socket } from 'node:net'

/** As much as Node asks the system for at a time. */
const bufferSize = 65_536

/**
 * A socket that reads into one buffer of its own, and passes on copies of what came. By itself Node makes a buffer of
 * 64 KiB for each read and cuts it down to the few bytes of an answer, which costs more than all else about reading it.
 * Not below a `TLSSocket`, which reads from the handle itself.
 */
export function bufferedSocket(signal?: AbortSignal): Socket {
  const buffer = Buffer.allocUnsafeSlow(bufferSize)
  const socket: Socket = new Socket({
    signal,
    onread: {
      buffer,
      callback(size) {
        const bytes = Buffer.allocUnsafe(size)
        buffer.copy(bytes, 0, 0, size)
        // Who reads as it comes is told at once: the queue of a stream costs a tick for each read.
        const isRead = socket.readableFlowing === true && socket.readableLength === 0
        return (isRead && socket.emit('data', bytes)) || socket.push(bytes)
      },
    },
  })
  return socket
}
