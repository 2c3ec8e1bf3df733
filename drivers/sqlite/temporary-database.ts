import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What exists now; removed when the process ends without closing them. */
const folders = new Set<string>()

/**
 * What stands behind `:memory:`: a file of its own in the temporary folder, so that several connections see one
 * database. SQLite's own memory databases have no write-ahead log, and shared ones fail at once instead of waiting.
 */
export class TemporaryDatabase {
  #folder: string | undefined

  /** The file. Its folder is made at the first call, readable by nobody else. */
  get path(): string {
    if (this.#folder === undefined) {
      this.#folder = mkdtempSync(join(tmpdir(), 'wellhead-sqlite-'))
      watchExit()
      folders.add(this.#folder)
    }
    return join(this.#folder, 'memory.db')
  }

  /** Idempotent. */
  remove(): void {
    if (this.#folder === undefined) return
    folders.delete(this.#folder)
    removeFolder(this.#folder)
    this.#folder = undefined
  }
}

let watched = false

function watchExit(): void {
  if (watched) return
  watched = true
  process.on('exit', () => folders.forEach(removeFolder))
}

function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  } catch {
    // Where open files cannot be removed: the folder for temporary files is cleaned by the system.
  }
}
