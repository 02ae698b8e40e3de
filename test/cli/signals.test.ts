import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { watchSignals } from '../../dist/src/cli/signals.js'
import { FakeSignals } from './fakes.js'

describe('signals', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'hrtime'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  function watch() {
    const source = new FakeSignals()
    const onStop = vi.fn()
    const onForcedExit = vi.fn()
    return { source, onStop, onForcedExit, watch: watchSignals(source, onStop, onForcedExit) }
  }

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('%s asks the job to stop', (name) => {
    const { source, onStop, watch: watched } = watch()
    source.emit(name)
    expect(watched.signal.aborted).toBe(true)
    expect(onStop).toHaveBeenCalledTimes(1)
    expect(source.exits).toEqual([])
    watched.dispose()
  })

  it('end the process at once the second time', () => {
    const { source, onStop, onForcedExit } = watch()
    source.emit('SIGINT')
    vi.advanceTimersByTime(200)
    source.emit('SIGTERM')
    expect(source.exits).toEqual([130])
    expect(onStop).toHaveBeenCalledTimes(1)
    expect(onForcedExit).toHaveBeenCalledTimes(1)
  })

  it('that npx passes on a moment later do not count', () => {
    const { source, watch: watched } = watch()
    source.emit('SIGINT')
    vi.advanceTimersByTime(5)
    source.emit('SIGINT')
    expect(source.exits).toEqual([])
    watched.dispose()
  })

  it('end a job that does not stop within a second', () => {
    const { source } = watch()
    source.emit('SIGTERM')
    vi.advanceTimersByTime(1000)
    expect(source.exits).toEqual([130])
  })

  it('are left alone afterwards', () => {
    const { source, watch: watched } = watch()
    source.emit('SIGINT')
    watched.dispose()
    vi.advanceTimersByTime(1000)
    expect(source.exits).toEqual([])
    expect(source.eventNames()).toEqual([])
  })
})
