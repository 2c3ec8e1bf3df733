import type { ColumnMetadata } from '../api/result.ts'
import { SQLNonTransientException } from '../api/sql-exception.ts'

export type RawRow = readonly unknown[]

type Build = (row: RawRow) => object

/** From this number of rows on a shape has a builder of its own: to make one takes as long as some thousand rows. */
const worthGenerating = 5_000
/** Wider rows are built plainly: V8 soon keeps them as dictionaries, and a builder takes 0.4 kB for each column. */
const widestGenerated = 100
/** Shapes of which there is one builder for all connections: more would be objects of more hidden classes. */
const mostShapes = 256
/** A shape whose labels are longer in all is not looked for. */
const longestKey = 10_000

/** A driver that keeps a statement keeps its columns: the shape is found by their identity. */
const byColumns = new WeakMap<readonly ColumnMetadata[], RowBuilder>()
/** Other connections have columns of their own for the same statement. */
const byLabels = new Map<string, RowBuilder>()

/**
 * Rows as objects by label.
 *
 * @throws SQLNonTransientException 42702 when two columns have one label.
 */
export function buildObjects(rows: readonly RawRow[], columns: readonly ColumnMetadata[]): object[] {
  let builder = byColumns.get(columns)
  if (builder === undefined) byColumns.set(columns, (builder = builderFor(columns)))
  return builder.build(rows)
}

/** Makes objects of one shape: the same labels in the same order. */
export class RowBuilder {
  readonly #labels: readonly string[]
  #build: Build
  /** How many rows are built plainly before it is worth while to generate; `Infinity`: it never is. */
  #left: number

  constructor(labels: readonly string[], generateAfter: number = worthGenerating) {
    this.#labels = labels
    this.#build = plainBuild(labels)
    const generates = labels.length <= widestGenerated && !labels.some(isInherited)
    this.#left = generates ? generateAfter : Infinity
  }

  build(rows: readonly RawRow[]): object[] {
    if (this.#left !== Infinity && (this.#left -= rows.length) < 0) {
      this.#left = Infinity
      if (mayGenerate()) this.#build = generatedBuild(this.#labels)
    }
    return rows.map(this.#build)
  }
}

function builderFor(columns: readonly ColumnMetadata[]): RowBuilder {
  const labels = columns.map((column) => column.name)
  checkUnique(labels)
  const length = labels.reduce((sum, label) => sum + label.length, 0)
  if (length > longestKey) return new RowBuilder(labels)
  const key = JSON.stringify(labels)
  let builder = byLabels.get(key)
  if (builder === undefined) {
    byLabels.set(key, (builder = new RowBuilder(labels)))
    if (byLabels.size > mostShapes) byLabels.delete(byLabels.keys().next().value!)
  }
  return builder
}

function checkUnique(labels: readonly string[]): void {
  const seen = new Set<string>()
  for (const label of labels) {
    if (seen.has(label)) {
      throw new SQLNonTransientException(
        `Two columns are called '${label}': give them aliases, or ask for arrays with rowMode: 'array'`,
        { sqlState: '42702', reason: 'statement-invalid' },
      )
    }
    seen.add(label)
  }
}

/** Assigning to such a label would reach what all objects inherit: `__proto__`, or `constructor` where it is frozen. */
function isInherited(label: string): boolean {
  return label in Object.prototype
}

function plainBuild(labels: readonly string[]): Build {
  if (labels.some(isInherited)) {
    return (row) => Object.fromEntries(labels.map((label, index) => [label, row[index]]))
  }
  return (row) => {
    const object: Record<string, unknown> = {}
    for (let index = 0; index < labels.length; index++) object[labels[index]!] = row[index]
    return object
  }
}

let generated = 0

/**
 * A constructor with one assignment for each column: V8 then knows the object's layout beforehand. The labels are
 * values that it closes over; in the source stand only numbers. The number at its end makes each source another one:
 * functions of one source share what V8 learns about them, and would learn nothing.
 */
function generatedBuild(labels: readonly string[]): Build {
  const names = labels.map((_, index) => `n${index}`)
  const assignments = names.map((name, index) => `this[${name}] = row[${index}]`)
  const source = `'use strict'
function Row(row) {
${assignments.join('\n')}
}
Row.prototype = Object.prototype
return (row) => new Row(row) // ${++generated}`
  // eslint-disable-next-line no-new-func, typescript/no-implied-eval
  return new Function(...names, source)(...labels) as Build
}

let allowed: boolean | undefined

/** Not under `--disallow-code-generation-from-strings`. */
function mayGenerate(): boolean {
  if (allowed === undefined) {
    try {
      generatedBuild([])
      allowed = true
    } catch {
      allowed = false
    }
  }
  return allowed
}
