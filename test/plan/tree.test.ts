/** Plans as --explain shows them. */
import { byValue, defineJob, explainJob, type Job, lines, step, sum, take, text, words } from 'runjob'
import { expect, it } from 'vitest'
import { expressionText } from '../../dist/src/dataset/expression/text.js'
import { outlineOf } from '../../dist/src/plan/outline.js'
import type { Plan } from '../../dist/src/plan/plan.js'
import { printTree } from '../../dist/src/plan/tree.js'
import { temporaryFolder, writeFiles } from '../helpers/folder.js'

async function planOf<P>(job: Job<P> | string, params = {}): Promise<Plan> {
  const folder = temporaryFolder()
  writeFiles(folder, { in: 'a,b\n' })
  return explainJob(job, { input: `${folder}/in`, output: `${folder}/out`, params } as never)
}

function shown(plan: Plan): string {
  const each = <T>(value: T): T[] => plan.stages.map(() => value)
  const sizes = {
    inputs: new Map([['input', { files: 3, bytes: 120e6 }]]),
    partitions: each(2),
    bytes: each(500e6),
    folders: new Map(),
    rows: [],
  }
  return printTree(outlineOf(plan, sizes, expressionText))
}

it('a plan is a tree from its output down to the files', async () => {
  const top = defineJob({
    name: 'top',
    input: text(),
    steps: [step({ map: words(), reduce: sum() }), step({ map: byValue({ descending: true }), reduce: take(10) })],
  })
  expect(shown(await planOf(top))).toBe(`top
└─ output: tsv, about 500 MB
   └─ stage reduce
      └─ number off the key
         └─ first 10
            └─ exchange: 2 partitions by hash of the key, combined, about 500 MB
               └─ stage reduce 1 + map 2
                  └─ number in front of the key, descending
                     └─ count
                        └─ exchange: 2 partitions by hash of the key, combined, about 500 MB
                           └─ stage map 1
                              └─ words in lower case
                                 └─ input: text, 3 files, 120 MB`)
})

it('a stage with several readers is shown once, and each output has a tree', async () => {
  const plan = await planOf(defineJob({ name: 'sort', input: text(), map: lines(), reduce: sum() }))
  const [map, reduce] = plan.stages
  const other = { ...reduce!, name: 'other', target: { ...reduce!.target, name: 'more' } }
  const stages = [map!, reduce!, other] as Plan['stages']
  expect(shown({ ...plan, stages })).toBe(`sort
├─ output: tsv, about 500 MB
│  └─ stage reduce
│     └─ count
│        └─ exchange: 2 partitions by hash of the key, combined, about 500 MB
│           └─ stage map
│              └─ lines
│                 └─ input: text, 3 files, 120 MB
└─ output more: tsv, about 500 MB
   └─ stage other
      └─ count
         └─ exchange: 2 partitions by hash of the key, combined, about 500 MB
            └─ stage map, as above`)
})
