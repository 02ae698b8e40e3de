/** `runjob/testing`: calls a job's parts one by one. Works in any test runner. */
export { type CombinerCheck, checkCombiner } from './combiner.js'
export { type FunctionOptions, runMap, runReduce } from './functions.js'
export { type JobInput, type JobOptions, type JobOutcome, runInMemory } from './job.js'
