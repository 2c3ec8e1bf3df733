/** Durations, counted in buckets. In milliseconds. */
export interface PoolHistogram {
  /**
   * The upper ends of the buckets, which belong to them; the last bucket is for all that is longer. Those that
   * OpenTelemetry advises for durations of databases.
   */
  readonly bounds: readonly number[]
  /** One more than there are bounds. */
  readonly counts: readonly number[]
  readonly count: number
  readonly sum: number
}

const bounds: readonly number[] = Object.freeze([1, 5, 10, 50, 100, 500, 1_000, 5_000, 10_000])

/** What the pool measures with. */
export class Histogram implements PoolHistogram {
  readonly bounds = bounds
  readonly counts: number[] = Array.from({ length: bounds.length + 1 }, () => 0)
  count = 0
  sum = 0

  record(milliseconds: number): void {
    let bucket = 0
    while (bucket < bounds.length && milliseconds > bounds[bucket]!) bucket++
    this.counts[bucket]!++
    this.count++
    this.sum += milliseconds
  }

  read(): PoolHistogram {
    return { bounds, counts: [...this.counts], count: this.count, sum: this.sum }
  }
}
