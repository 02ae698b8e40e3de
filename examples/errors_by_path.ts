// Failed requests of each path over JSON lines:   runjob examples/errors_by_path.ts -o errors
import { count, defineDataset, double, int, jsonl, max, mean, string, timestamp } from 'runjob'

const requests = jsonl({
  schema: { time: timestamp(), method: string(), path: string(), status: int(), ms: double() },
})

export default defineDataset({
  name: 'errors-by-path',
  description: 'Failed requests of each path, the worst paths first.',
  params: {
    files: { type: 'string', default: 'examples/requests.jsonl', describe: 'JSON lines' },
    status: { type: 'integer', default: 400, describe: 'Smallest status that counts as an error' },
    paths: { type: 'integer', default: 10, describe: 'Paths to list' },
  },
  build: ({ read, params }) =>
    read(requests, params.files)
      .filter((c) => c.status.ge(params.status))
      .groupBy('path')
      .agg({ errors: count(), slowest: max('ms'), average: mean('ms'), last: max('time') })
      .orderBy((c) => c.errors.desc(), 'path')
      .limit(params.paths),
})
