import type { Duplex, Readable, Writable } from 'node:stream'
import { SQLFeatureNotSupportedException } from '../../src/api/sql-exception.ts'
import { loadedOnce } from '../../src/spi/peer-package.ts'

// The few members of the package `pg-copy-streams` that are used, so that nobody needs it before the first COPY.

/** What its streams are submitted to: the client's connection, or what stands for it. */
interface CopyLink {
  readonly stream: Duplex
  query(text: string): void
  sendCopyFail(message: string): void
}

interface CopyStream {
  submit(link: CopyLink): void
}

/** COPY … FROM STDIN: what is written goes to the server. */
export interface CopyFromStream extends CopyStream, Writable {
  /** Of the tag; known when the server has answered. */
  readonly rowCount: number
  handleCopyInResponse(): void
  handleCommandComplete(message: { readonly text: string }): void
  handleReadyForQuery(): void
  handleError(error: Error): void
}

/** COPY … TO STDOUT: takes the socket, parses it itself, and gives it back behind the data or before an error. */
export interface CopyToStream extends CopyStream, Readable {
  read(): Buffer | null
}

export interface CopyStreams {
  readonly from: (text: string) => CopyFromStream
  readonly to: (text: string) => CopyToStream
}

/**
 * The package `pg-copy-streams`, loaded once.
 *
 * @throws SQLFeatureNotSupportedException 0A000 when it is missing, with the line that installs it.
 */
export const loadCopyStreams: () => Promise<CopyStreams> = loadedOnce(load)

async function load(): Promise<CopyStreams> {
  try {
    // @ts-expect-error -- the package comes without types
    const { default: streams } = (await import('pg-copy-streams')) as { readonly default: CopyStreams }
    return streams
  } catch (error) {
    throw new SQLFeatureNotSupportedException(
      'COPY from and to the application goes through the package pg-copy-streams, which is not installed: npm i pg-copy-streams@^7.0.0',
      { sqlState: '0A000', reason: 'feature', cause: error },
    )
  }
}
