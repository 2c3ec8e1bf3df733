import type { DeadlineOptions } from '../../src/api/executor.ts'
import type { RowStream } from '../../src/api/result.ts'
import { SQLException } from '../../src/api/sql-exception.ts'
import { interfaceToken, type InterfaceToken } from '../../src/api/wrapper.ts'
import { releaseSource } from '../../src/spi/byte-source.ts'
import type { Clock } from '../../src/spi/clock.ts'
import type { SessionLease } from '../../src/spi/session-lease.ts'
import { CopyInRequest, type CopySource } from './copy-in.ts'
import { loadCopyStreams } from './copy-module.ts'
import { CopyOut } from './copy-out.ts'
import { checkCopyText } from './copy-text.ts'
import { toException } from './errors.ts'
import { NotificationStream, type ListenOptions, type PgNotifications } from './notifications.ts'
import { checkSharedScript, notShared } from './pooler.ts'
import type { SessionEnd } from './session-end.ts'
import type { Wire } from './wire.ts'

/**
 * What PostgreSQL has and other databases have not, on a borrowed connection: `connection.unwrap(PgSession)`. It
 * belongs to that connection, or to the transaction whose `unwrap` gave it, and is dead with it (08003, 25000).
 */
export interface PgSession {
  /**
   * Notifications of these channels (LISTEN), as they come. Statements go on meanwhile; only a COPY TO STDOUT is refused
   * outside a transaction (HY010). Names are taken as they are, with capitals and blanks, up to 63 bytes.
   *
   * The iteration ends with 57014 by its signal, with 08003 when the connection is closed, and with the loss of the
   * session, also while nothing comes. It cannot begin within a transaction (25001).
   *
   * @throws SQLFeatureNotSupportedException 0A000 with `pooler: 'transaction'`.
   */
  listen(channels: string | readonly string[], options?: ListenOptions): PgNotifications

  /**
   * Runs COPY … FROM STDIN with what the source gives, as fast as the server takes it: all rows, or none. Other
   * statements on the connection are refused meanwhile (HY010). Default timeout: the setting `queryTimeout`, for all
   * of it. A failure destroys a source that is a `Readable`.
   *
   * @returns How many rows were copied.
   * @throws What the source throws, unchanged: the COPY is undone. `SQLSyntaxErrorException` 42601 for any other
   *   statement. `SQLFeatureNotSupportedException` 0A000 when the package `pg-copy-streams` is not installed.
   */
  copyFrom(text: string, source: CopySource, options?: DeadlineOptions): Promise<number>

  /**
   * Runs COPY … TO STDOUT at the first `next()`, and gives the bytes as they come, cut anywhere: `Readable.from` makes
   * a stream of them. As with rows, other statements are refused meanwhile (HY010), the deadline covers each fetch, and
   * leaving early stops the server. A transaction is failed by that (25P02): PostgreSQL can stop a COPY only by
   * cancelling it.
   *
   * @throws as `copyFrom` does, from `next()`.
   */
  copyTo(text: string, options?: DeadlineOptions): RowStream<Uint8Array>
}

/** The key to what PostgreSQL alone can do: `connection.unwrap(PgSession)`. */
export const PgSession: InterfaceToken<PgSession> = interfaceToken('PgSession', [
  'listen',
  'copyFrom',
  'copyTo',
])

/** For one handle, or one transaction. */
export class LeasedPgSession implements PgSession {
  readonly #lease: SessionLease
  readonly #wire: Wire
  readonly #end: SessionEnd
  readonly #clock: Clock
  readonly #isShared: boolean

  /** @param isShared Whether a pooler gives each transaction another connection to the server. */
  constructor(lease: SessionLease, wire: Wire, end: SessionEnd, clock: Clock, isShared: boolean) {
    this.#lease = lease
    this.#wire = wire
    this.#end = end
    this.#clock = clock
    this.#isShared = isShared
  }

  listen(channels: string | readonly string[], options?: ListenOptions): PgNotifications {
    if (this.#isShared) throw notShared('listening')
    return new NotificationStream(this.#wire, this.#lease, this.#clock, channels, options)
  }

  async copyFrom(text: string, source: CopySource, options?: DeadlineOptions): Promise<number> {
    const outcome: CopyOutcome = { sourceFailure: undefined }
    try {
      this.#check(text, 'FROM STDIN')
      const run = (proceed: () => void): Promise<number> => this.#copyIn(text, source, outcome, proceed)
      return await this.#lease.runAlone(text, run, options)
    } catch (error) {
      releaseSource(source)
      const isLost = error instanceof SQLException && error.fatal
      throw outcome.sourceFailure === undefined || isLost ? error : outcome.sourceFailure.error
    }
  }

  copyTo(text: string, options?: DeadlineOptions): RowStream<Uint8Array> {
    return this.#lease.stream(() => {
      this.#check(text, 'TO STDOUT')
      return { what: text, open: () => new CopyOut(this.#wire, this.#end, text) }
    }, options)
  }

  #check(text: string, direction: Parameters<typeof checkCopyText>[1]): void {
    checkCopyText(text, direction)
    if (this.#isShared) checkSharedScript(text)
  }

  async #copyIn(
    text: string,
    source: CopySource,
    outcome: CopyOutcome,
    proceed: () => void,
  ): Promise<number> {
    const { from } = await loadCopyStreams()
    proceed()
    return new Promise((resolve, reject) => {
      const fail = (error: unknown, { phase }: CopyInRequest): void =>
        reject(toException(error, { phase, transactionStatus: this.#wire.transactionStatus }))
      const request = new CopyInRequest(
        from(text),
        source,
        ({ failure, rowCount, sourceFailure }) => {
          outcome.sourceFailure = sourceFailure
          if (failure === undefined) resolve(rowCount)
          else fail(failure, request)
        },
        (error) => fail(error, request),
      )
      request.begin(this.#wire)
    })
  }
}

interface CopyOutcome {
  sourceFailure: CopyInRequest['sourceFailure']
}
