/** Defines datasets. */

import { RunjobError, userError } from '../base/errors.js'
import {
  check,
  copyOf,
  describe,
  isListOf,
  isName,
  isPlainFunction,
  isPlainObject,
  isText,
  problemIn,
  requireArguments,
  type Schema,
  safely,
} from '../base/schema.js'
import type { Collection } from '../collection/collection.js'
import { whileBuilding } from '../plan/cached.js'
import { notedBuild } from '../plan/made.js'
import {
  checkParamSpec,
  type GivenParams,
  type ParamSpec,
  type Params,
  resolveParams,
  type Specs,
} from '../plan/params.js'
import type { FrameSchema, RowOf } from '../plan/typed.js'
import type { Dataset } from './dataset.js'
import type { Frame } from './frame.js'
import { outputsOf } from './outputs.js'
import { type Read, read } from './read.js'
import type { FrameWriter } from './writer.js'

interface DatasetHead {
  name: string
  description?: string
  /** Command lines for its help. */
  examples?: readonly string[]
}

interface Built<P, F> {
  /** Makes the data frame, or several, each with a name. Only headers and footers of files are read before they run. */
  build: (given: { read: Read; params: P }) => F
}

/** Data frames by the names of their outputs. */
type Frames<T> = { readonly [N in keyof T]: Frame<T[N]> | FrameWriter<T[N]> }

interface Parametrized<P extends Record<string, ParamSpec>> {
  params?: P & Specs<P>
}

const HEAD: Schema<DatasetHead & { params: unknown; build: unknown }> = {
  name: check('a name: text that is not empty', isName.accepts),
  description: isText,
  examples: isListOf('command lines', isText),
  params: check('a plain object of parameters by name', isPlainObject),
  build: isPlainFunction,
}

/**
 * Defines a dataset: `build` makes a data frame from the files that it names and the values of its parameters, which become flags of the
 * command line. If it makes several, `{ daily: …, total: … }`, the output has a folder for each: one run, which commits all or none. It may
 * also make a collection.
 *
 * @throws DATASET_INVALID
 *
 * @example
 * export default defineDataset({
 *   name: 'lines-with-errors',
 *   build: ({ read }) => read.text('examples/access.log').filter(c => c.value.contains(' 500 ')),
 * })
 */
export function defineDataset<S extends FrameSchema, const P extends Record<string, ParamSpec> = Record<never, never>>(
  dataset: DatasetHead & Parametrized<P> & Built<Params<P>, Frame<S> | FrameWriter<S>>,
): Dataset<GivenParams<P>, RowOf<S>>
export function defineDataset<T, const P extends Record<string, ParamSpec> = Record<never, never>>(
  dataset: DatasetHead & Parametrized<P> & Built<Params<P>, Collection<T>>,
): Dataset<GivenParams<P>, T>
export function defineDataset<
  T extends Record<string, FrameSchema>,
  const P extends Record<string, ParamSpec> = Record<never, never>,
>(
  dataset: DatasetHead & Parametrized<P> & Built<Params<P>, Frames<T>>,
): Dataset<GivenParams<P>, { [N in keyof T]: RowOf<T[N]> }>
export function defineDataset(...args: unknown[]): Dataset<never, never> {
  requireArguments('defineDataset', 1, args, 'DATASET_INVALID')
  const [given] = args
  const fail = (problem: string): never => {
    const name = safely(() => (given as Partial<DatasetHead> | undefined)?.name, undefined)
    const called = typeof name === 'string' && name !== '' ? `dataset ${name}: ` : ''
    throw new RunjobError('DATASET_INVALID', { problem: called + problem, hint: HINT })
  }
  if (!isPlainObject(given)) fail(`defineDataset() takes a plain object, not ${describe(given)}`)
  const dataset = copyOf(given, fail) as unknown as DatasetHead &
    Parametrized<Record<string, ParamSpec>> &
    Built<unknown, unknown>
  const problem = problemIn(HEAD, dataset, 'property')
  if (problem !== null) fail(problem)
  if (dataset.name === undefined) fail('a dataset needs a name')
  if (dataset.build === undefined) fail('build is missing: a function that returns a data frame')
  const params: Record<string, ParamSpec> = dataset.params ?? {}
  for (const [name, spec] of Object.entries(params)) checkParamSpec(name, spec, fail)
  const { name, description = '', examples = [], build } = dataset
  return {
    name,
    description,
    examples,
    params,
    inputNames: [],
    summary: null,
    outputs: notedBuild((values) => {
      const resolved = resolveParams(params, values)
      let made: unknown
      try {
        made = whileBuilding(() => build({ read, params: resolved }))
      } catch (error) {
        throw userError(error, 'build')
      }
      return outputsOf(made, 'build() must return', fail)
    }),
  }
}

const HINT = 'A dataset is defineDataset({ name, build: ({ read }) => read.csv(path) … }).'
