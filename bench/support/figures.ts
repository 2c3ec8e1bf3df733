import { thisMachine, versionsOf, writeReport, type Machine } from './machine.ts'

/** What a column holds. */
export interface FigureColumn {
  readonly name: string
  readonly unit?: string
  /** After the point. Default: 0. */
  readonly digits?: number
}

export interface FigureRow {
  readonly name: string
  /** The npm package whose version is reported. */
  readonly package?: string
  /** One for each column; null where there is none. */
  readonly figures: readonly (number | null)[]
}

/** What is to be reached, and what was. */
export interface FigureVerdict {
  readonly what: string
  readonly value: number
  readonly atMost?: number
  readonly atLeast?: number
  /** Undefined when the machine was too noisy for a verdict. */
  readonly reached: boolean | undefined
}

/** Columns of the table to be drawn as bars. */
interface FigurePlot {
  readonly title: string
  readonly columns: readonly string[]
}

/** What was measured that is not one throughput for each peer: a table, and what it says about the targets. */
export interface FigureReport extends Machine {
  readonly kind: 'figures'
  readonly name: string
  readonly title: string
  /** How it was measured, in a sentence or two. */
  readonly about: string
  readonly quick: boolean
  readonly columns: readonly FigureColumn[]
  readonly rows: readonly FigureRow[]
  readonly versions: Readonly<Record<string, string>>
  /** The second run of one peer beside its first; none where nothing depends on the machine's speed. */
  readonly control?: number
  readonly verdicts: readonly FigureVerdict[]
  readonly plot?: FigurePlot
}

interface FigureTarget extends Omit<FigureVerdict, 'reached'> {
  /** It depends on the speed of the machine, so there is no verdict when that is noisy. Default: true. */
  readonly timed?: boolean
}

export interface Figures extends Pick<
  FigureReport,
  'name' | 'title' | 'about' | 'columns' | 'rows' | 'plot'
> {
  readonly control?: number | undefined
  readonly targets?: readonly FigureTarget[]
}

/** Prints what was measured, and keeps it when it was measured in full. */
export function reportFigures(
  { control, targets = [], ...figures }: Figures,
  args: readonly string[] = process.argv.slice(2),
): void {
  const quick = args.includes('--quick')
  const noisy = control !== undefined && (control < 0.95 || control > 1.05)
  const report: FigureReport = {
    kind: 'figures',
    ...figures,
    ...thisMachine(),
    quick,
    versions: versionsOf(figures.rows),
    ...(control !== undefined && { control }),
    verdicts: targets.map(({ timed = true, ...target }) => ({
      ...target,
      reached: noisy && timed ? undefined : reaches(target),
    })),
  }
  print(report)
  if (!quick || args.includes('--write')) writeReport(report)
}

function reaches({ value, atMost = Infinity, atLeast = -Infinity }: Omit<FigureVerdict, 'reached'>): boolean {
  return value <= atMost && value >= atLeast
}

function print({ title, about, node, cores, cpu, columns, rows, control, verdicts }: FigureReport): void {
  console.log(`${title}\n${about}\nNode ${node}, ${cores} × ${cpu}`)
  const table = rows.map(({ name, figures }) => ({
    '': name,
    ...Object.fromEntries(
      columns.map((column, at) => [
        column.unit === undefined ? column.name : `${column.name}, ${column.unit}`,
        figures[at] === null ? '–' : Number(figures[at]!.toFixed(column.digits ?? 0)),
      ]),
    ),
  }))
  console.table(table)
  if (control !== undefined) console.log(`control (A/A) ${control.toFixed(3)}`)
  for (const { what, value, atMost, atLeast, reached } of verdicts) {
    const verdict = reached === undefined ? 'no verdict: noisy' : reached ? 'reached' : 'missed'
    const target = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`
    console.log(`${what}: ${value.toFixed(2)} (target ${target}): ${verdict}`)
  }
}
