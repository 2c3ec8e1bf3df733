import type { TlsConfig } from '../../src/spi/tls-settings.ts'
import type { PgLink, PgModule } from './pg-module.ts'

/** Where the server was reached: the very one, not another behind the same name. */
export interface CancelTarget {
  /** An address, or the folder of a unix socket. */
  readonly host: string
  readonly port: number
  readonly ssl: TlsConfig | false
}

interface SessionKey {
  readonly processID: number | null
  readonly secretKey: number | null
}

/** Sends requests to cancel what a session does: each on a connection of its own, as the protocol wants it. */
export class Canceller {
  readonly #Connection: PgModule['Connection']
  readonly #target: CancelTarget
  readonly #session: SessionKey
  readonly #open = new Set<PgLink>()

  constructor(Connection: PgModule['Connection'], target: CancelTarget, session: SessionKey) {
    this.#Connection = Connection
    this.#target = target
    this.#session = session
  }

  /**
   * Settles when the server has closed the connection of the request: the signal was given by then. Rejects when the
   * request could not be sent.
   */
  request(): Promise<void> {
    const { host, port, ssl } = this.#target
    const link = new this.#Connection({ ssl })
    this.#open.add(link)
    return new Promise<void>((resolve, reject) => {
      let sent = false
      let failure: Error | undefined
      const send = (): void => {
        sent = true
        link.cancel(this.#session.processID ?? 0, this.#session.secretKey ?? 0)
      }
      link.on('connect', () => (ssl === false ? send() : link.requestSsl()))
      link.on('sslconnect', send)
      link.on('error', (error) => {
        failure ??= error
        link.stream.destroy()
      })
      link.on('end', () => {
        this.#open.delete(link)
        if (sent) resolve()
        else reject(failure ?? new Error('the connection of a cancel request was closed before it was sent'))
      })
      if (host.startsWith('/')) link.connect(`${host}/.s.PGSQL.${port}`)
      else link.connect(port, host)
    })
  }

  /** Gives up what is under way. */
  cut(): void {
    for (const link of this.#open) link.stream.destroy()
  }
}
