// Old syntax on purpose: this file must still say something useful on Node 10.
// The check is a feature, not a number: these scripts are TypeScript files that Node itself runs,
// which needs 22.18 or 24; the published package needs 22.16 only.
'use strict'
if (!process.features.typescript) {
  console.error(
    'wellhead: these scripts need Node >= 22.18, but Node ' +
      process.versions.node +
      ' runs them. The dev dependency "node" brings the right one: run `npm rebuild node` ' +
      '(npm may have blocked its install script), or put Node >= 22.18 first on the PATH.',
  )
  process.exit(1)
}
