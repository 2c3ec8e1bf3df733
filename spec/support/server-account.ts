import { chownSync, mkdtempSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A user as spawn() takes it. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/** Servers refuse to run as root, so root lends them another name; everybody else runs them as themselves. */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  for (const name of ['postgres', 'mysql', 'nobody']) {
    const [, , uid, gid] = users.find((fields) => fields[0] === name) ?? []
    if (Number(uid) > 0 && Number(gid) > 0) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('servers refuse root, and none of postgres, mysql and nobody is in /etc/passwd')
}

/** Whether the account may enter every folder above the path: a home folder is often closed to others. */
export function reachable(path: string, account: Account | undefined): boolean {
  if (account === undefined) return true
  for (let folder = dirname(realpathSync(path)); ; folder = dirname(folder)) {
    const { mode, uid, gid } = statSync(folder)
    const enter = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
    if ((mode & enter) === 0) return false
    if (folder === dirname(folder)) return true
  }
}

/** A new folder that belongs to the account. Its path is short: a unix socket's may have 103 characters. */
export function temporaryFolder(account: Account | undefined): string {
  const parent = [tmpdir(), '/tmp', '/var/tmp'].find((folder) => reachable(join(folder, '.'), account))
  if (parent === undefined) throw new Error(`no temporary folder can be entered by user ${account?.uid}`)
  const folder = mkdtempSync(join(realpathSync(parent), 'wellhead-'))
  if (account) chownSync(folder, account.uid, account.gid)
  return folder
}
