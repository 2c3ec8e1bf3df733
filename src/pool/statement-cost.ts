/**
 * In milliseconds. A text is cheap when whoever meets it on a connection waits for it no longer, in the mean, than for
 * one that always takes this long. Statements under way on one connection take no longer together.
 */
export const cheapTime = 5

/** So many runs are needed before anything is said. */
const proof = 16

/** Of the last runs, of about this number, means are kept. */
const remembered = 256

/**
 * What is known of the time that a text takes. Not its mean alone: one run in a hundred that takes 200 ms leaves a good
 * mean, and is met by others far more often than the ninety-nine. Who comes at random finds the run ahead of him with
 * (mean of squares) / (2 × mean) still to go: the residual time of renewal theory.
 */
export class StatementCost {
  /** In milliseconds. */
  mean = 0
  #meanSquare = 0
  #runs = 0

  get isCheap(): boolean {
    return this.#runs >= proof && this.#meanSquare <= cheapTime * this.mean
  }

  /** A run has ended well, after so many milliseconds. One that failed proves nothing. */
  ran(milliseconds: number): void {
    if (this.#runs < remembered) this.#runs++
    this.mean += (milliseconds - this.mean) / this.#runs
    this.#meanSquare += (milliseconds * milliseconds - this.#meanSquare) / this.#runs
  }
}
