import { createRequire } from 'node:module'
import { SQLNonTransientConnectionException } from '../api/sql-exception.ts'

/** The package that a driver is built on, which the application installs. */
export interface PeerPackage {
  /** `PostgreSQL`. */
  readonly product: string
  /** `pg`. */
  readonly name: string
  readonly oldest: readonly [major: number, minor: number, patch: number]
}

/** Loads a package when it is first asked for, once; after a failure again, as it may be installed meanwhile. */
export function loadedOnce<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined
  return () => {
    loading ??= load()
    loading.catch(() => (loading = undefined))
    return loading
  }
}

/** Undefined in a bundle, where there is no package any more. */
export function installedVersion({ name }: PeerPackage): string | undefined {
  try {
    return (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version
  } catch {
    return undefined
  }
}

/** @throws SQLNonTransientConnectionException 08001 when the package is too old. */
export function checkVersion(peer: PeerPackage): void {
  const version = installedVersion(peer)
  if (version !== undefined && isOlder(version, peer))
    throw wrongPeer(peer, `is installed in version ${version}`)
}

export function isOlder(version: string, { oldest }: Pick<PeerPackage, 'oldest'>): boolean {
  const parts = version.split(/[.-]/).map(Number)
  for (const [at, least] of oldest.entries()) {
    const part = parts[at] ?? 0
    if (part !== least) return part < least
  }
  return false
}

export function wrongPeer(
  { product, name, oldest }: PeerPackage,
  fault: string,
  cause?: unknown,
): SQLNonTransientConnectionException {
  return new SQLNonTransientConnectionException(
    `${product} is reached through the package ${name}, which ${fault}: npm i ${name}@^${oldest.join('.')}`,
    { sqlState: '08001', reason: 'connect-failed', cause },
  )
}
