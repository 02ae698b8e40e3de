/** Failed requests by the user's country: `--file logs.jsonl`. */
import { count, defineDataset, jsonl, long, string, struct, sum } from 'runjob'

const logs = jsonl({ schema: { status: long(), bytes: long(), user: struct({ country: string() }) } })

export default defineDataset({
  name: 'failed-requests',
  params: { file: { type: 'string', required: true, describe: 'JSON lines of a web server' } },
  build: ({ read, params }) =>
    read(logs, params.file)
      .filter((c) => c.status.ge(500))
      .withColumn('country', (c) => c.user.country)
      .groupBy('country')
      .agg({ requests: count(), bytes: sum('bytes') }),
})
