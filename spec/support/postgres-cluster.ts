import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { program } from './postgres-binaries.ts'
import { copyData, run, type Place } from './server-process.ts'

/** A server's place, with the folder of the programs it runs by. */
export interface Site extends Place {
  readonly binaries: string
}

/** Who rules in each cluster made here: trusted on the unix socket, asked for the password over TCP. */
export const superuser = { user: 'wellhead', password: 'wellhead-specs' }

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

export async function copyCluster(template: string, site: Site): Promise<void> {
  await copyData(template, join(site.folder, 'data'), site)
}
