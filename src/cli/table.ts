import { widthOf, padded, clipped } from './text-width.ts'

/** A column of a table. */
export interface TableColumn {
  readonly title: string
  /** Default: left. */
  readonly align?: 'left' | 'right'
}

/** Narrower columns say nothing. */
const narrowest = 8
const gap = '  '

/** Lays rows out in columns whose widths do not change any more. */
export class TableLayout {
  readonly #columns: readonly TableColumn[]
  readonly #widths: readonly number[]
  readonly #clips: boolean

  /**
   * @param sample The rows that the widths are made for; later ones may be wider.
   * @param columns How wide a line may be. The widest columns give way, and what does not fit is cut, with a `…`.
   *   `Infinity`: nothing is cut, a value that is too wide moves the rest of its line.
   */
  constructor(columns: readonly TableColumn[], sample: readonly (readonly string[])[], width: number) {
    this.#columns = columns
    this.#clips = width !== Infinity
    const wanted = columns.map(({ title }, at) =>
      sample.reduce((widest, row) => Math.max(widest, widthOf(row[at]!)), widthOf(title)),
    )
    this.#widths = this.#clips ? narrowed(wanted, width - gap.length * (columns.length - 1)) : wanted
  }

  get titles(): string {
    return this.line(this.#columns.map(({ title }) => title))
  }

  get rule(): string {
    return this.#widths.map((width) => '-'.repeat(width)).join(gap)
  }

  line(cells: readonly string[]): string {
    const last = cells.length - 1
    const laid = cells.map((cell, at) => {
      const width = this.#widths[at]!
      const shown = this.#clips ? clipped(cell, width) : cell
      const { align = 'left' } = this.#columns[at]!
      return at === last && align === 'left' ? shown : padded(shown, width, align)
    })
    return laid.join(gap)
  }
}

/** A small table as a whole, without its titles when there are none. */
export function layOut(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const columns = titles.map((title) => ({ title }))
  const layout = new TableLayout(columns, rows, Infinity)
  const lines = rows.map((row) => layout.line(row).trimEnd())
  return titles.every((title) => title === '') ? lines : [layout.titles.trimEnd(), ...lines]
}

/** Takes from the widest until all fit, or nothing can be taken any more. */
function narrowed(wanted: readonly number[], width: number): number[] {
  const widths = [...wanted]
  let excess = widths.reduce((sum, own) => sum + own, 0) - width
  while (excess > 0) {
    const widest = Math.max(...widths)
    if (widest <= narrowest) break
    const atWidest = widths.filter((own) => own === widest).length
    const next = Math.max(narrowest, ...widths.filter((own) => own < widest))
    const take = Math.min(widest - next, Math.ceil(excess / atWidest))
    for (const [at, own] of widths.entries()) {
      if (own !== widest || excess <= 0) continue
      widths[at] = own - take
      excess -= take
    }
  }
  return widths
}
