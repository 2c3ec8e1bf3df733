import type { PooledDataSource } from '../../src/index.ts'

/** How many statements had a connection at the same time, since it was asked for. */
export function watchTogether(source: PooledDataSource): { readonly most: number } {
  const watched = { most: 0, now: 0 }
  source.on('acquired', () => (watched.most = Math.max(watched.most, ++watched.now)))
  source.on('released', () => watched.now--)
  return watched
}

/** Runs a statement until it is seen to share: on a busy machine a cheap one may take a while to prove it. */
export async function untilShared(
  source: PooledDataSource,
  text: string,
  parameters: number[],
): Promise<void> {
  const watched = watchTogether(source)
  const runs = 20 * source.settings.maximumPoolSize
  while (watched.most <= source.settings.maximumPoolSize) {
    await Promise.all(Array.from({ length: runs }, () => source.query(text, parameters)))
  }
}
