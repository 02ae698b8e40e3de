/** Milliseconds of a steady clock, for durations. Not `performance.now()`, because that loads all that Node can measure. */
export function now(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}
