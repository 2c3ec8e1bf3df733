import type { SQLException } from '../../src/api/sql-exception.ts'
import type { MySqlErrorContext } from './errors.ts'
import { localFileRefused } from './local-file.ts'
import type { MySqlCommand, MySqlPacket } from './mysql-module.ts'
import { Response, type ResponseOptions } from './response.ts'
import type { ValueOptions } from './result-types.ts'
import { ServerError } from './server-error.ts'
import type { Wire } from './wire.ts'

const nothing = new Uint8Array()

/** What a request may have done, when it is lost: nothing, something, or the end of a transaction. */
export type RequestKind = Extract<MySqlErrorContext['phase'], 'harmless' | 'statement' | 'commit'>

/** A request and its answer, which may take several turns. `mysql2` hands it the packets that come meanwhile. */
export abstract class Exchange implements MySqlCommand {
  readonly wire: Wire
  readonly kind: RequestKind
  /** It is on its way: from now on the server may act on it. */
  #sent = false
  #stopped = false

  constructor(wire: Wire, kind: RequestKind) {
    this.wire = wire
    this.kind = kind
  }

  /** Called by `mysql2`. */
  execute(packet: MySqlPacket | undefined): boolean {
    if (packet === undefined) {
      this.#sent = true
      this.begin()
      return false
    }
    if (!this.take(packet)) return false
    this.wire.finished(this)
    this.finish()
    return true
  }

  get awaitsAnswer(): boolean {
    return true
  }

  get isStopped(): boolean {
    return this.#stopped
  }

  /** What would follow is not begun any more. */
  stop(): void {
    this.#stopped = true
  }

  /** The session is lost. False when nobody waits for an answer now. */
  abstract lose(error: Error): boolean
  protected abstract begin(): void
  /** @returns Whether all is said. */
  protected abstract take(packet: MySqlPacket): boolean
  protected abstract finish(): void

  /** For the classification of its loss. */
  protected get lossKind(): RequestKind {
    return this.kind
  }

  protected exception(error: unknown): SQLException {
    const lost = this.wire.dead !== undefined
    return this.wire.exception(error, this.#sent ? (lost ? this.lossKind : this.kind) : 'idle')
  }

  /** The answer to a statement, in the protocol that it was sent in. */
  protected response(
    options: Pick<ResponseOptions, 'binary' | 'known' | 'onRow'> & { readonly values: ValueOptions },
  ): Response {
    const response = new Response({
      ...options,
      onStatus: (flags) => this.wire.noteStatus(flags),
      onFile: () => this.fileAsked(response),
    })
    return response
  }

  /** The server asks for a file. It gets none. */
  protected fileAsked(response: Response): void {
    response.failure ??= localFileRefused()
    this.wire.writeFile(nothing)
  }
}

/** What a statement that was stopped before it began fails with: as the server says it of one that ran. */
export function interrupted(): ServerError {
  return new ServerError(1317, '70100', 'Query execution was interrupted')
}
