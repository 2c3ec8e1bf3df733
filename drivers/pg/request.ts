import type { FieldDescription, PgLink, ServerError } from './pg-module.ts'
import type { ErrorContext, PgNotice, RequestKind } from './errors.ts'

/**
 * One request to the server, up to its ReadyForQuery. `pg`'s client calls the `handle…` methods; it takes in pipeline
 * mode only what is an instance of its own `Query`, so {@link derive} makes all requests such instances.
 */
export abstract class Request {
  readonly kind: RequestKind
  /** What the server, or a decoder of ours, refused. */
  failure: unknown
  notices: PgNotice[] | undefined
  /** It is on its way: from now on the server may act on it. */
  sent = false
  /** The next ReadyForQuery is the end of this request, and not of one that `pg` was given by somebody else. */
  answered = false

  constructor(kind: RequestKind) {
    this.kind = kind
  }

  /** For the classification of its loss. */
  get phase(): ErrorContext['phase'] {
    return this.sent ? this.kind : 'idle'
  }

  /** At ReadyForQuery: all answers are in. */
  abstract finish(): void
  /** The session is lost before that. False when nobody waits for an answer now. */
  abstract lose(error: Error): boolean

  /** Whether the server's silence means something: between two fetches nothing is asked of it. */
  get awaitsAnswer(): boolean {
    return true
  }

  /** What it takes beside a cancel to stop it. */
  stop(): void {}

  /** What is sent was written before: the client only notes whose turn it is. */
  submit(): null {
    return null
  }

  handleRowDescription(_message: { readonly fields: readonly FieldDescription[] }): void {}
  handleDataRow(_message: { readonly fields: unknown[] }): void {}
  handleCommandComplete(_message: { readonly text: string }): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}

  handleReadyForQuery(): void {
    this.answered = true
  }

  handleError(error: ServerError): void {
    this.answered = true
    this.failure ??= error
  }

  /** COPY … FROM STDIN: nobody has data for it. */
  handleCopyInResponse(link: PgLink): void {
    this.refuseCopy(link)
  }

  protected refuseCopy(link: PgLink): void {
    this.failure ??= copyRefused()
    link.sendCopyFail('COPY FROM STDIN is not supported here')
  }

  handleCopyData(): void {
    this.failure ??= copyRefused()
  }
}

/** COPY to or from the client, which would need a stream of data. */
export class CopyRefused extends Error {}

function copyRefused(): CopyRefused {
  return new CopyRefused('COPY FROM STDIN and COPY TO STDOUT need a stream of data')
}

/** Makes all requests instances of `pg`'s own class, none of whose methods is left to be used. */
export function derive(query: { readonly prototype: object }): void {
  if (Request.prototype instanceof (query as unknown as new () => object)) return
  Object.setPrototypeOf(Request.prototype, query.prototype)
}

/** Rows changed, by the tag of CommandComplete: `INSERT 0 3`, `UPDATE 3`. Rows that were only read do not count. */
export function updateCount(tag: string): number {
  switch (tag.charCodeAt(0)) {
    case 73: // INSERT
    case 85: // UPDATE
    case 68: // DELETE
    case 77: // MERGE, not MOVE
    case 67: // COPY
      return /^(?:INSERT \d+|UPDATE|DELETE|MERGE|COPY) (\d+)$/.test(tag)
        ? Number(tag.slice(tag.lastIndexOf(' ') + 1))
        : 0
    default:
      return 0
  }
}
