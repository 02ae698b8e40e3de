#!/usr/bin/env node
/** The `runjob` command. What a command line does not need is not loaded: a small job is over in a blink. */
import { startAhead } from '../engine/thread.js'
import { looksLikeRun } from './ahead.js'

if (looksLikeRun(process.argv.slice(2))) startAhead()
// Only now: the rest is loaded while the thread comes up.
await import('./process.js')
