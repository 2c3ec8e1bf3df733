import { checkText } from '../../src/sql/sendable-text.ts'
import { toException, type RequestKind } from './errors.ts'
import { frontend } from './frontend-messages.ts'
import { Request } from './request.ts'
import type { Wire } from './wire.ts'

/** A simple query: one text of any number of statements, values as the texts that came. */
export class ScriptRequest extends Request {
  /** The rows of all statements. (`rows` means something else to `pg`.) */
  readonly answers: (readonly (string | null)[])[] = []
  /** Of the last statement: `COMMIT`, `ROLLBACK` … */
  tag = ''
  readonly #finished: (request: ScriptRequest) => void
  readonly #lost: (error: Error) => void

  constructor(kind: RequestKind, finished: (request: ScriptRequest) => void, lost: (error: Error) => void) {
    super(kind)
    this.#finished = finished
    this.#lost = lost
  }

  override handleDataRow({ fields }: { readonly fields: unknown[] }): void {
    this.answers.push(fields as (string | null)[])
  }

  override handleCommandComplete({ text }: { readonly text: string }): void {
    this.tag = text
  }

  finish(): void {
    this.#finished(this)
  }

  lose(error: Error): boolean {
    this.#lost(error)
    return true
  }
}

/** Runs one message of the simple protocol. */
export function runScript(wire: Wire, text: string, kind: RequestKind): Promise<ScriptRequest> {
  return new Promise((resolve, reject) => {
    checkText(text)
    const fail = (error: unknown, phase: ScriptRequest['phase']): void =>
      reject(toException(error, { phase, transactionStatus: wire.transactionStatus }))
    const request = new ScriptRequest(
      kind,
      () => (request.failure === undefined ? resolve(request) : fail(request.failure, kind)),
      (error) => fail(error, request.phase),
    )
    wire.send(request, frontend.query(text).take())
  })
}
