// A vitest reporter whose report count.mjs prints at the very end, so that no one has to search thousands of lines for failures.
//   RUNJOB_REPORT=report.json vitest run --reporter=default --reporter=./.ci/reporter.mjs
import { writeFileSync } from 'node:fs'

/** The error's message, and its place in this project. */
function told({ stack, name, message, diff }) {
  const lines = (stack || `${name}: ${message}`)
    .split('\n')
    .filter((line) => !/^ +at .*(node_modules|node:)/.test(line))
  return [...lines.slice(0, 12), ...(diff ? [diff] : [])].join('\n')
}

export default class Reporter {
  onTestRunEnd(modules, unhandledErrors) {
    let passed = 0
    const failures = []
    for (const module of modules) {
      for (const error of module.errors()) failures.push(`${module.moduleId}\n${told(error)}`)
      for (const suite of module.children.allSuites()) {
        for (const error of suite.errors()) failures.push(`${module.moduleId} > ${suite.fullName}\n${told(error)}`)
      }
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result()
        if (state === 'passed') passed++
        if (state === 'failed') failures.push(`${module.moduleId} > ${test.fullName}\n${errors.map(told).join('\n')}`)
        // Its file ended before the test did.
        if (state === 'pending') failures.push(`${module.moduleId} > ${test.fullName}\nnever ran to its end`)
      }
    }
    for (const error of unhandledErrors) failures.push(`outside of any test\n${told(error)}`)
    writeFileSync(process.env.RUNJOB_REPORT, JSON.stringify({ passed, failures }))
  }
}
