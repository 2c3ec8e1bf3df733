import { undefinedSavepoint } from './server-errors.ts'

interface Step {
  readonly undo: () => void
  readonly keep: (() => void) | undefined
}

interface SavepointMark {
  readonly name: string
  readonly at: number
}

/** What a transaction has done, so that it can be undone or kept. */
export class ScriptedTransaction {
  readonly #steps: Step[] = []
  #savepoints: readonly SavepointMark[] = []

  record(undo: () => void, keep?: () => void): void {
    this.#steps.push({ undo, keep })
  }

  mark(): number {
    return this.#steps.length
  }

  undoTo(mark: number): void {
    for (const step of this.#steps.splice(mark).toReversed()) step.undo()
  }

  commit(): void {
    for (const step of this.#steps.splice(0)) step.keep?.()
    this.#savepoints = []
  }

  rollback(): void {
    this.undoTo(0)
    this.#savepoints = []
  }

  savepoint(name: string): void {
    this.#savepoints = [...this.#savepoints, { name, at: this.mark() }]
  }

  /** Undoes what came after it; it stays, later ones are gone. */
  rollbackTo(name: string): void {
    const index = this.#find(name)
    this.undoTo(this.#savepoints[index]!.at)
    this.#savepoints = this.#savepoints.slice(0, index + 1)
  }

  /** Forgets it and later ones. */
  release(name: string): void {
    this.#savepoints = this.#savepoints.slice(0, this.#find(name))
  }

  #find(name: string): number {
    const index = this.#savepoints.findLastIndex((savepoint) => savepoint.name === name)
    if (index < 0) throw undefinedSavepoint(name)
    return index
  }
}
