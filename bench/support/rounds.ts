/** Each in its turn, round by round, and what came of it; rounds below 0 warm up, and are not counted. */
export async function inTurn<Peer, Sample>(
  peers: readonly Peer[],
  { rounds, warmUp = 0 }: { readonly rounds: number; readonly warmUp?: number },
  measure: (peer: Peer, round: number) => Promise<Sample>,
): Promise<Map<Peer, Sample[]>> {
  const samples = new Map<Peer, Sample[]>(peers.map((peer) => [peer, []]))
  for (let round = -warmUp; round < rounds; round++) {
    for (const peer of rotated(peers, round)) {
      const sample = await measure(peer, round)
      if (round >= 0) samples.get(peer)!.push(sample)
    }
  }
  return samples
}

export function ascending(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b)
}

export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

export function median(numbers: readonly number[]): number {
  return quantile(ascending(numbers), 0.5)
}

/** Round by round: neighbours in time met the same machine. */
export function medianRatio(of: readonly number[], over: readonly number[]): number {
  return median(of.map((one, round) => one / over[round]!))
}

/** Round by round as well. */
export function medianDifference(of: readonly number[], over: readonly number[]): number {
  return median(of.map((one, round) => one - over[round]!))
}

/** The list from another place on, so that in no two rounds in a row the same one begins. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const turned = list.map((_, index) => list[(index + by + list.length * 2) % list.length]!)
  // Every second round backwards: otherwise each would always follow the same neighbour.
  return by % 2 === 0 ? turned : turned.toReversed()
}
