import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chownSync,
  closeSync,
  cpSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Certificate } from './certificates.ts'
import { temporaryFolder, unprivilegedAccount, type Account } from './server-account.ts'
import { guard, unguard } from './server-watchdog.ts'

/** Where a program lives and as whom. */
export interface Place {
  readonly folder: string
  readonly account: Account | undefined
}

/** Paths of what a TLS server is configured with. */
interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** What servers and their clients read from the environment would change a run from machine to machine. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(PG|MYSQL|MARIADB|LC_|LANG|TZ$|NODE_|TEST_(PG|MYSQL)_)/.test(name),
  ),
)

/** A new folder, which ends with this process at the latest, and with it the server in it. */
export function newPlace(): Place {
  const account = unprivilegedAccount()
  const folder = temporaryFolder(account)
  guard(folder)
  return { account, folder }
}

export function removePlace({ folder }: Place): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  unguard(folder)
}

/** A copy of a server's data takes a fraction of what making it takes. */
export async function copyData(template: string, data: string, place: Place): Promise<void> {
  if (process.platform === 'win32') cpSync(template, data, { recursive: true })
  else await run('cp', ['-pR', template, data], place)
}

/** Only the server may read its key. */
export function installCertificate(place: Place, { cert, key }: Certificate): CertificateFiles {
  const file = (name: string, content: string): string => {
    const path = join(place.folder, name)
    writeFileSync(path, content, { mode: 0o600 })
    if (place.account) chownSync(path, place.account.uid, place.account.gid)
    return path
  }
  return { cert: file('server.crt', cert), key: file('server.key', key) }
}

/** Runs to the end; what was said is in the error. */
export async function run(command: string, args: readonly string[], place: Place): Promise<void> {
  const child = launch(command, args, place)
  const [code] = (await once(child, child.pid === undefined ? 'close' : 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${command} ended with ${code}:\n${logEnd(place)}`)
}

/** Output goes to a file: an inherited pipe would keep whoever called the runner waiting for its end. */
export function launch(command: string, args: readonly string[], place: Place): ChildProcess {
  const log = openSync(join(place.folder, 'log'), 'a')
  try {
    const child = spawn(command, args, {
      cwd: place.folder, // the account may be unable to enter the runner's
      env: { ...environment, LC_ALL: 'C' },
      stdio: ['ignore', log, log],
      detached: true, // a Ctrl-C in the terminal is for the runner, which then stops the server
      windowsHide: true,
      ...place.account,
    })
    child.on('error', (error) => appendFileSync(join(place.folder, 'log'), `${command}: ${error.message}\n`))
    return child
  } finally {
    closeSync(log)
  }
}

export function logEnd(place: Place, characters = 3_000): string {
  return readFileSync(join(place.folder, 'log'), 'utf8').slice(-characters)
}

export function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null
}

/** Free a moment ago, which on the loopback has to do. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
