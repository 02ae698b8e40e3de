/** A worker thread: runs one task at a time until the run is over, or of several runs, one after the other. */

import { parentPort } from 'node:worker_threads'
import { kernels } from '../../kernels/addon.js'
import { SharedState } from '../shared.js'
import type { FromWorker, ToWorker, WorkerInit } from '../task.js'
import { Executor } from './executor.js'

const port = parentPort!
// Of a run: set by a message, because the thread may start before there is a plan.
let executor: Executor

try {
  // Loaded now, while no task waits for it.
  void kernels.build
} catch {
  // The first task that needs it fails with the reason.
}

port.on('message', (message: ToWorker) => {
  if (message.type === 'begin') begin(message.init)
  else if (message.type === 'rest') void executor.end()
  else if (message.type === 'end') void end()
  else void executor.run(message.task, message.attempt, message.bounds).then(send)
})

function begin(init: WorkerInit): void {
  const shared = new SharedState(init.shared)
  executor = new Executor({ init, shared, mustStop: () => shared.stopRequested(init.slot), send })
}

async function end(): Promise<void> {
  await executor.end()
  send({ type: 'ended' })
  // Not closed: work that functions left pending may still fail.
  port.unref()
}

function send(message: FromWorker): void {
  port.postMessage(message)
}
