import type { MySqlPacket } from './mysql-module.ts'

/** An error packet. The names that `mysql2` has for numbers are MySQL's, wrong for those of MariaDB. */
export class ServerError extends Error {
  readonly errno: number
  readonly sqlState: string
  readonly sqlMessage: string

  constructor(errno: number, sqlState: string, message: string) {
    super(message)
    this.errno = errno
    this.sqlState = sqlState
    this.sqlMessage = message
  }

  static of(packet: MySqlPacket): ServerError {
    const { buffer, offset, end } = packet
    const errno = buffer.readUInt16LE(offset + 1)
    const hasState = buffer[offset + 3] === 0x23
    const sqlState = hasState ? buffer.toString('latin1', offset + 4, offset + 9) : ''
    return new ServerError(errno, sqlState, buffer.toString('utf8', offset + (hasState ? 9 : 3), end))
  }
}
