/** What is known of a run before its first task. */
import type { Logical } from '../dataset/logical.js'
import type { InputFile } from '../io/input/input_file.js'
import type { PassedOver } from '../io/input/inputs.js'
import type { Identity } from '../plan/functions.js'
import type { StageEstimates } from '../plan/outline.js'
import type { Plan } from '../plan/plan.js'
import type { JobCode } from './load.js'

export interface RunInputs {
  /** Of all inputs. */
  files: InputFile[]
  /** Input name -> indexes into `files`. */
  inputs: Map<string, number[]>
  passedOver: PassedOver
  /** Of those whose names hold columns: how many are read, and how many there are; null: there are none. */
  folders: FolderCount | null
}

export interface FolderCount {
  read: number
  found: number
}

export interface Prepared extends RunInputs {
  plan: Plan
  /** What each output of a dataset asks for, and what the plan does instead; null: a job. */
  logical: { output: string; asked: Logical; optimized: Logical }[] | null
  /** How many rows are expected, in each stage; opens files. null: a job. */
  estimates: (() => Promise<StageEstimates[]>) | null
  /** What was asked before it could be planned, for people. */
  first: readonly string[]
  /** null: the plan calls no functions. */
  code: JobCode | null
  /** Workers find the functions by it; null: they call none. */
  identity: Identity | null
  /** Names a run that reads what it replaces; null: all other runs. */
  inPlace: string | null
}
