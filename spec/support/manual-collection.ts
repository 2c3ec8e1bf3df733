interface Cell {
  readonly call: () => void
  readonly token: object | undefined
}

const cells = new Map<object, Set<Cell>>()

/** A FinalizationRegistry whose objects are collected by {@link collect}: the collector of garbage comes when it likes. */
class ManualFinalizationRegistry<T> implements FinalizationRegistry<T> {
  readonly [Symbol.toStringTag] = 'FinalizationRegistry'
  readonly #cleanUp: (held: T) => void
  readonly #mine = new Set<{ readonly target: object; readonly cell: Cell }>()

  constructor(cleanUp: (held: T) => void) {
    this.#cleanUp = cleanUp
  }

  register(target: object, held: T, token?: object): void {
    const cell: Cell = { call: () => this.#cleanUp(held), token }
    const ofTarget = cells.get(target) ?? new Set()
    cells.set(target, ofTarget.add(cell))
    this.#mine.add({ target, cell })
  }

  unregister(token: object): boolean {
    const found = [...this.#mine].filter(({ cell }) => cell.token === token)
    for (const entry of found) {
      this.#mine.delete(entry)
      cells.get(entry.target)?.delete(entry.cell)
    }
    return found.length > 0
  }
}

/** From now on nothing that pools of this process lend is found to be dropped, unless {@link collect} says so. */
export function collectByHand(): void {
  globalThis.FinalizationRegistry = ManualFinalizationRegistry
}

/** As if it had been collected. False when nobody is to be told of it. */
export function collect(target: object): boolean {
  const told = [...(cells.get(target) ?? [])]
  cells.delete(target)
  for (const { call } of told) call()
  return told.length > 0
}
