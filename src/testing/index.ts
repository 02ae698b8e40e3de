/** `runjob/testing`: a job's parts, tried one by one in a test of yours. Works in any test runner. */
export { type CombinerCheck, checkCombiner } from './combiner.js'
export { type FunctionOptions, runMap, runReduce } from './functions.js'
export { type JobInput, type JobOptions, type JobOutcome, runInMemory } from './job.js'
