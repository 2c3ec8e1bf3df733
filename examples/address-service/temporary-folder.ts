import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Lends a folder that is gone afterwards, also when the user ends the program with Ctrl-C. */
export async function withTemporaryFolder<T>(
  prefix: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), prefix))
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  const interrupted = (): never => process.exit(130)
  process.once('exit', remove)
  process.once('SIGINT', interrupted)
  try {
    return await work(folder)
  } finally {
    remove()
    process.off('exit', remove)
    process.off('SIGINT', interrupted)
  }
}
