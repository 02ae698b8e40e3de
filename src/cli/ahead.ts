/** Guesses from the command line, before anything is loaded, what will run. */

/** First words that are not jobs, and options with which no job runs. */
const NO_RUN = new Set(['list', 'help', 'status', 'resume', 'clean', 'schema', 'shell'])
const NO_RUN_OPTIONS = new Set(['--help', '-h', '--version', '-V', '--explain'])

/**
 * Whether a ready-made job is to run. A wrong guess costs the start of a thread and has no other effect.
 *
 * @param argv what follows the command's name
 */
export function looksLikeRun([name = '', ...rest]: readonly string[]): boolean {
  return (
    /^[a-z][a-z-]*$/.test(name) &&
    !NO_RUN.has(name) &&
    rest.length > 0 &&
    !rest.some((word) => NO_RUN_OPTIONS.has(word))
  )
}
