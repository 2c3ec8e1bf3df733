// The public API, one report per entry in docs/api/: `npm run api` compares, `npm run api:update` accepts.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import {
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type ExtractorMessage,
} from '@microsoft/api-extractor'
import { publicEntries } from './entries.ts'

const root = join(import.meta.dirname, '..')
const update = process.argv.includes('--update')
const reportFolder = join(root, 'docs/api')
const temporary = mkdtempSync(join(tmpdir(), 'wellhead-api-'))
mkdirSync(reportFolder, { recursive: true })

// A type that one entry mentions may be exported by another: it is forgotten only when none does.
const exported = new Set<string>()
const needed = new Map<string, string>()

const configObject = ExtractorConfig.loadFile(join(root, 'api-extractor.json'))
for (const { specifier, types } of publicEntries(root)) {
  const reportFileName = `${specifier.replaceAll('/', '-')}.api.md`
  const mainEntryPointFilePath = join(root, types)
  if (!existsSync(mainEntryPointFilePath)) fail(`${specifier}: ${types} is missing, run npm run build`)
  else check(specifier, reportFileName, mainEntryPointFilePath)
}
for (const [name, place] of needed) {
  if (!exported.has(name)) fail(`${place}${name} is part of the API, but no entry exports it`)
}
rmSync(temporary, { recursive: true, force: true })

function check(specifier: string, reportFileName: string, mainEntryPointFilePath: string): void {
  const extractorConfig = ExtractorConfig.prepare({
    configObject: {
      ...configObject,
      projectFolder: root,
      mainEntryPointFilePath,
      apiReport: { enabled: true, reportFolder, reportFileName, reportTempFolder: temporary },
    },
    configObjectFullPath: join(root, 'api-extractor.json'),
    packageJsonFullPath: join(root, 'package.json'),
  })
  const result = Extractor.invoke(extractorConfig, { localBuild: update, messageCallback: judge })
  if (result.apiReportChanged && !update) {
    fail(`${specifier}: the API differs from docs/api/${reportFileName}; accept it with npm run api:update`)
  }
  const report = readFileSync(join(update ? reportFolder : temporary, reportFileName), 'utf8')
  for (const [, name = ''] of report.matchAll(/^export (?:[a-z]+ )+(\w+)/gm)) exported.add(name)
}

/** Takes every message over from api-extractor, so that only faults are printed. */
function judge(message: ExtractorMessage): void {
  message.handled = true
  if (message.logLevel !== ExtractorLogLevel.Error && message.logLevel !== ExtractorLogLevel.Warning) return
  const { messageId, text, sourceFilePath, sourceFileLine, sourceFileColumn } = message
  const place = sourceFilePath ? `${relative(root, sourceFilePath)}:${sourceFileLine} ` : ''
  if (messageId === 'ae-forgotten-export') {
    needed.set(/"(\w+)"/.exec(text)?.[1] ?? text, place)
    return
  }
  // Every export needs its docstring; a member, which is indented, only when there is more to say than its name.
  if (messageId === 'ae-undocumented' && sourceFileColumn !== 1) return
  if (messageId.startsWith('console-api-report-')) return // the result tells
  fail(`${place}${text} (${messageId})`)
}

function fail(message: string): void {
  console.error(message)
  process.exitCode = 1
}
