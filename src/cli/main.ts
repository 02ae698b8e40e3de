#!/usr/bin/env node
/** The `runjob` command. It loads only what the command line needs, because small jobs should take no time. */
import { startAhead } from '../engine/thread.js'
import { looksLikeRun } from './ahead.js'

if (looksLikeRun(process.argv.slice(2))) startAhead()
// Only now: the rest loads while the thread starts.
await import('./process.js')
