#!/usr/bin/env node
// Nothing is imported here: this file alone has to be understood by a Node that is too old for the rest.
const needed = [22, 16] as const
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  console.error(`wellhead: needs Node ${needed.join('.')} or newer; this is Node ${process.versions.node}`)
  process.exitCode = 2
} else {
  const { runProcess } = await import('./process.ts')
  await runProcess()
}
