import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, closeSync, cpSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Account } from './postgres-account.ts'
import { program } from './postgres-binaries.ts'

/** Where a program lives and as whom. */
export interface Place {
  readonly folder: string
  readonly account: Account | undefined
}

/** A server's place, with the folder of the programs it runs by. */
export interface Site extends Place {
  readonly binaries: string
}

/** Who rules in each cluster made here: trusted on the unix socket, asked for the password over TCP. */
export const superuser = { user: 'wellhead', password: 'wellhead-specs' }

/** What libpq and the server read from the environment would change a run from machine to machine. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG|TZ$|NODE_|TEST_PG_)/.test(name)),
)

export async function makeCluster(site: Site): Promise<void> {
  const secret = join(site.folder, 'password')
  writeFileSync(secret, superuser.password)
  const how = ['--auth-local=trust', '--auth-host=scram-sha-256', `--pwfile=${secret}`]
  const what = [
    '--username',
    superuser.user,
    '--encoding=UTF8',
    '--no-locale',
    '--no-sync',
    '--wal-segsize=1',
  ]
  await run(program(site.binaries, 'initdb'), ['-D', join(site.folder, 'data'), ...how, ...what], site)
}

/** A copy takes a fraction of what initdb takes. */
export async function copyCluster(template: string, site: Site): Promise<void> {
  const data = join(site.folder, 'data')
  if (process.platform === 'win32') cpSync(template, data, { recursive: true })
  else await run('cp', ['-pR', template, data], site)
}

/** Runs to the end; what was said is in the error. */
export async function run(command: string, args: readonly string[], site: Place): Promise<void> {
  const child = launch(command, args, site)
  const [code] = (await once(child, child.pid === undefined ? 'close' : 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${command} ended with ${code}:\n${logEnd(site)}`)
}

/** Output goes to a file: an inherited pipe would keep whoever called the runner waiting for its end. */
export function launch(command: string, args: readonly string[], site: Place): ChildProcess {
  const log = openSync(join(site.folder, 'log'), 'a')
  try {
    const child = spawn(command, args, {
      cwd: site.folder, // the account may be unable to enter the runner's
      env: { ...environment, LC_ALL: 'C' },
      stdio: ['ignore', log, log],
      detached: true, // a Ctrl-C in the terminal is for the runner, which then stops the server
      windowsHide: true,
      ...site.account,
    })
    child.on('error', (error) => appendFileSync(join(site.folder, 'log'), `${command}: ${error.message}\n`))
    return child
  } finally {
    closeSync(log)
  }
}

export function logEnd(site: Place, characters = 3_000): string {
  return readFileSync(join(site.folder, 'log'), 'utf8').slice(-characters)
}
