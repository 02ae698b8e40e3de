// Prints `N passed, N failed` for reports of vitest.   node .ci/count.mjs report.json...
import { existsSync, readFileSync } from 'node:fs'

let passed = 0
let failed = 0
for (const path of process.argv.slice(2).filter((path) => existsSync(path))) {
  const report = JSON.parse(readFileSync(path, 'utf8'))
  passed += report.numPassedTests
  failed += report.numFailedTests
  // A file that could not even be loaded has no tests to count.
  failed += report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length
}
console.log(`${passed} passed, ${failed} failed`)
