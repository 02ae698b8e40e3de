// Prints what failed and `N passed, N failed` for reports of reporter.mjs.   node .ci/count.mjs report.json...
import { existsSync, readFileSync } from 'node:fs'

let passed = 0
let failed = 0
for (const path of process.argv.slice(2).filter((path) => existsSync(path))) {
  const report = JSON.parse(readFileSync(path, 'utf8'))
  passed += report.passed
  failed += report.failures.length
  for (const failure of report.failures) console.log(`\n${failure}`)
}
console.log(`${passed} passed, ${failed} failed`)
