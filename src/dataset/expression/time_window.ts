/** Windows of time: how long they are, how far from one to the next, and where they begin. */
import { parseDuration } from './duration.js'
import { refuse } from './fault.js'

/** In microseconds. */
export interface TimeWindow {
  length: bigint
  /** From the start of one to that of the next: less than the length, if they overlap. */
  slide: bigint
  /** From 1970-01-01 UTC. */
  offset: bigint
}

/** @throws DATASET_INVALID */
export function timeWindow(length: string, slide: string | undefined, offset: string | undefined): TimeWindow {
  const size = parseDuration(length)
  if (size <= 0n) refuse('the length of a window is above zero')
  const step = slide === undefined ? size : parseDuration(slide)
  if (step <= 0n) refuse('the slide of a window is above zero')
  if (step > size) refuse('the slide of a window is at most its length: other times would be in none')
  const from = offset === undefined ? 0n : parseDuration(offset)
  if (from >= step || -from >= step) refuse('the offset of a window is below its length, or its slide')
  return { length: size, slide: step, offset: from }
}
