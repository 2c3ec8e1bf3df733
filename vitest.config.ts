import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const reports = process.env['WELLHEAD_REPORTS']

export default defineConfig(({ mode }) => ({
  test: {
    include: ['spec/**/*.spec.ts'],
    globalSetup: ['spec/support/server-broker.ts'],
    pool: 'forks',
    // `npm run test:long` is `--mode long`; a spec reads it as process.env.MODE.
    testTimeout: mode === 'long' ? 1_200_000 : 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    // The key of the transform cache ignores tsconfig.json, so a changed flag would go on passing or failing.
    fsModuleCache: false,
    reporters: reports ? ['default', 'json'] : ['default'],
    ...(reports && { outputFile: { json: join(reports, 'specs.json') } }),
  },
}))
