import { describe, it } from 'vitest'

/** A line of the report: a suite without tests would leave none. */
export function skipSuite(name: string, needed: string): void {
  describe(name, () => it.skip(`needs ${needed}`, () => {}))
}
