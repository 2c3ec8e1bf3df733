import { fileURLToPath } from 'node:url'

/** Folders of this package: what is in them did not borrow. */
const own = ['../', '../../drivers/'].flatMap((folder) => {
  const url = new URL(folder, import.meta.url)
  return url.protocol === 'file:' ? [url.href, fileURLToPath(url)] : [url.href]
})

/**
 * Where the code stands that is running now, from the first line outside of this package on.
 *
 * As a text, and at once: an Error that was not looked at holds on to the objects of its frames, and one of them may hold
 * the handle whose loss is to be noticed.
 */
export function captureBorrower(): string {
  const holder: { stack?: unknown } = {}
  Error.captureStackTrace(holder, captureBorrower)
  // An application may have its own Error.prepareStackTrace.
  const lines = typeof holder.stack === 'string' ? holder.stack.split('\n').slice(1) : []
  const first = lines.findIndex((line) => !own.some((folder) => line.includes(folder)))
  return lines.slice(Math.max(first, 0)).join('\n')
}

/** The first line of the application itself: neither of Node nor of a package. */
export function firstOwnLine(stack: string): string | undefined {
  const lines = stack.split('\n').map((line) => line.trim())
  return lines.find((line) => !/node:|node_modules|<anonymous>/.test(line)) ?? (lines[0] || undefined)
}
