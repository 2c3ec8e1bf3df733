import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** Packs what was built last into `folder`; the build itself is not repeated, so other checks can go on reading it. */
export function pack(root: string, folder: string): { tarball: string; files: string[] } {
  const answer = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32', // npm is a .cmd there
  })
  const packed = JSON.parse(answer)
  // npm 11 answers with a list, npm 12 with an object keyed by the package's name.
  const { filename, files } = Array.isArray(packed) ? packed[0] : packed['wellhead']
  return { tarball: join(folder, filename), files: files.map((file: { path: string }) => file.path) }
}
