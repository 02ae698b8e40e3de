#!/usr/bin/env node
/** The `runjob` command. It loads only what the command line needs, because small jobs should take no time. */
import { startAhead } from '../engine/thread.js'
import { looksLikeFrames, looksLikeRun, looksSmall } from './ahead.js'

const argv = process.argv.slice(2)
if (looksLikeFrames(argv) || (looksLikeRun(argv) && !looksSmall(argv))) startAhead()
// Only now: the rest loads while the thread starts.
void import('./process.js').then(({ main }) => main(argv))
