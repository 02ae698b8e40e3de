/** `--profile`: where a run's time and bytes went, as JSON and as a page with pictures; of a plan that did not run, just the page. */
import { join } from 'node:path'
import { makeFolder, writeFileAtomic } from '../../base/files.js'
import { outlinePlan, type Planned } from '../../run/describe.js'
import type { Explained } from '../../run/explained.js'
import type { RunReport } from '../../run/report.js'
import { renderPlanPage, renderProfilePage } from './page.js'

/**
 * Writes `profile.json` and `profile.html` into a folder, which is created.
 *
 * @param explained undefined: there was nothing to plan, because the run was over before it began
 */
export function writeProfile(
  folder: string,
  report: RunReport,
  explained: Explained | undefined,
  planned: Planned,
): void {
  makeFolder(folder)
  const { job, output, elapsedMs, peakRssBytes, stages, profile: tasks = [] } = report
  const estimates = explained?.estimates ?? []
  const document = { job, output, elapsedMs, peakRssBytes, stages, tasks, estimates }
  // Which folders may be replaced is no news after the run.
  const outline = explained ? outlinePlan(explained, { ...planned, mode: 'error' }) : null
  writeFileAtomic(join(folder, 'profile.json'), `${JSON.stringify(document, null, 2)}\n`)
  writeFileAtomic(join(folder, 'profile.html'), renderProfilePage(report, outline))
}

/** Writes `plan.html`. */
export function writePlan(folder: string, explained: Explained, planned: Planned): void {
  makeFolder(folder)
  writeFileAtomic(join(folder, 'plan.html'), renderPlanPage(outlinePlan(explained, planned)))
}
