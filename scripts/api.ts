// The public API, one report per entry in docs/api/: `npm run api` compares, `npm run api:update` accepts.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import {
  ConsoleMessageId,
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type ExtractorMessage,
  ExtractorMessageId,
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
  if (!exported.has(name)) fail(`${place} ${name} is part of the API, but no entry exports it`)
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
  if (result.errorCount > 0) fail(`${specifier}: ${result.errorCount} errors, see above`)
  if (result.apiReportChanged && !update) {
    fail(`${specifier}: the API differs from docs/api/${reportFileName}; accept it with npm run api:update`)
  }
  const report = readFileSync(join(update ? reportFolder : temporary, reportFileName), 'utf8')
  for (const [, name = ''] of report.matchAll(/^export (?:[a-z]+ )+(\w+)/gm)) exported.add(name)
}

function judge(message: ExtractorMessage): void {
  const { messageId, logLevel, sourceFilePath, sourceFileLine, sourceFileColumn } = message
  if (logLevel === ExtractorLogLevel.Info || logLevel === ExtractorLogLevel.Verbose) {
    message.handled = true
  } else if (messageId === ExtractorMessageId.Undocumented) {
    message.handled = sourceFileColumn !== 1 // an export needs its docstring, a member only if there is more to say
  } else if (messageId === ExtractorMessageId.ForgottenExport) {
    const name = /"(\w+)"/.exec(message.text)?.[1] ?? message.text
    needed.set(name, sourceFilePath ? `${relative(root, sourceFilePath)}:${sourceFileLine}` : '')
    message.handled = true
  } else if (
    messageId === ConsoleMessageId.ApiReportCreated ||
    messageId === ConsoleMessageId.ApiReportCopied
  ) {
    message.handled = update
  }
}

function fail(message: string): void {
  console.error(message)
  process.exitCode = 1
}
