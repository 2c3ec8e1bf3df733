import type { SQLException } from '../api/sql-exception.ts'
import type { Deadline } from './deadline.ts'

/** A session that is being opened. */
export interface OpeningSession {
  /** Its socket is closed. */
  readonly ended: Promise<unknown>
  /** Cuts the socket. */
  destroy(reason: Error): void
}

/**
 * Opens a session, or leaves nothing of it behind: rejects when its socket is closed.
 *
 * @param failureOf What an error of `open` means. The deadline's own is told as it is.
 */
export async function openWithin<T>(
  deadline: Deadline,
  session: OpeningSession,
  open: () => Promise<T>,
  failureOf: (error: unknown) => SQLException,
): Promise<T> {
  let missed: SQLException | undefined
  const forget = deadline.onExpired((error) => {
    missed = error
    session.destroy(error)
  })
  try {
    return await open()
  } catch (error) {
    session.destroy(error as Error)
    await session.ended
    throw missed ?? failureOf(error)
  } finally {
    forget()
  }
}
