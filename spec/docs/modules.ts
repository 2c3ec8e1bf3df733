import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Fence } from './fences.ts'

/** An example as a module of its own. */
export interface Module {
  readonly path: string
  readonly line: number
  /** What the document says that it prints. */
  readonly prints: string | undefined
}

const scripts = new Set(['ts', 'typescript', 'js', 'javascript', 'mjs', 'cjs'])

export function isScript({ language }: Fence): boolean {
  return scripts.has(language)
}

/** Writes the examples of a document into a folder, which can then import `wellhead`. */
export function writeModules(folder: string, root: string, fences: readonly Fence[]): Module[] {
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  symlinkSync(root, join(folder, 'node_modules/wellhead'), 'junction')
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const modules: { line: number; code: string; prints: string | undefined }[] = []
  for (const fence of fences) {
    const { code, line, remarks } = fence
    const last = modules.at(-1)
    const file = remarks.get('file')
    if (file !== undefined) writeFileSync(join(folder, file), code)
    else if (remarks.has('prints') && last !== undefined) last.prints = code
    else if (!isScript(fence)) continue
    else if (remarks.has('continues') && last !== undefined) last.code += `\n${code}`
    else modules.push({ line, code: `${remarks.get('before') ?? ''}\n${code}`, prints: undefined })
  }
  return modules.map(({ line, code, prints }) => {
    const path = join(folder, `line-${line}.ts`)
    writeFileSync(path, code)
    return { path, line, prints }
  })
}
