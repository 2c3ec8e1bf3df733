// Reads the configuration files named by its arguments and prints what is wrong with each, as JSON.
import { InitialContext } from '../../src/index.ts'

const messages: string[] = []
for (const file of process.argv.slice(2)) {
  try {
    await InitialContext.fromFile(file)
    messages.push('nothing is wrong')
  } catch (error) {
    messages.push(error instanceof Error ? error.message : 'no error')
  }
}
console.log(JSON.stringify(messages))
