import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Fence } from './fences.ts'

/** An example as a module of its own. */
export interface Module {
  readonly path: string
  readonly line: number
  /** What the document says that it prints. */
  readonly prints: string | undefined
  /** Whether that is so to the digit. */
  readonly exactly: boolean
  /** The databases it runs on, one after the other; none that it knows of where it says none. */
  readonly needs: readonly string[]
}

const scripts = new Set(['ts', 'typescript', 'js', 'javascript', 'mjs', 'cjs'])

export function isScript({ language }: Fence): boolean {
  return scripts.has(language)
}

/** Writes the examples of a document into a folder, which can then import `wellhead`. */
export function writeModules(folder: string, root: string, fences: readonly Fence[]): Module[] {
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  symlinkSync(root, join(folder, 'node_modules/wellhead'), 'junction')
  for (const peer of ['typedi', 'reflect-metadata'])
    symlinkSync(join(root, 'node_modules', peer), join(folder, 'node_modules', peer), 'junction')
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const modules: (Pick<Module, 'line' | 'needs'> & { code: string; output?: Fence })[] = []
  for (const fence of fences) {
    const { code, line, remarks } = fence
    const last = modules.at(-1)
    const file = remarks.get('file')
    if (file !== undefined) writeFileSync(join(folder, file), code)
    else if (printed(fence) && last !== undefined) last.output = fence
    else if (!isScript(fence) || remarks.has('from')) continue
    else if (remarks.has('continues') && last !== undefined) last.code += `\n${code}`
    else {
      const needs = remarks.get('needs')?.split(/[,\s]+/) ?? []
      modules.push({ line, code: `${remarks.get('before') ?? ''}\n${code}`, needs })
    }
  }
  return modules.map(({ line, code, output, needs }) => {
    const path = join(folder, `line-${line}.ts`)
    writeFileSync(path, code)
    return {
      path,
      line,
      prints: output?.code,
      exactly: output?.remarks.has('prints exactly') ?? false,
      needs,
    }
  })
}

/** Whether this is what the example before it prints. */
export function printed({ remarks }: Fence): boolean {
  return remarks.has('prints') || remarks.has('prints exactly')
}
