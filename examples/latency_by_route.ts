// Errors and response times in the log of a server:   runjob examples/latency_by_route.ts -o latency
import { count, countIf, defineDataset, max, percentileDisc, regexpExtract, string, udf } from 'runjob'

// 2026-03-14T08:02:35Z 10.0.0.6 "GET /orders/1013 HTTP/1.1" 200 104ms
const REQUEST = String.raw`^(\S+) \S+ "([A-Z]+) (\S+) [^"]*" (\d{3}) (\d+)ms$`

// /orders/1013?page=2 is of the route /orders/:id. JavaScript, because no function of expressions decodes %C3%A9.
const routeOf = udf(
  (target: string) => decodeURIComponent(target.replace(/\?.*/, '')).replace(/\/p?\d+/g, '/:id'),
  string(),
)

export default defineDataset({
  name: 'latency-by-route',
  description: 'Requests, errors and response times of each route; and the lines that are no request.',
  params: {
    files: { type: 'string', default: 'examples/server.log', describe: 'Logs, as text' },
  },
  build: ({ read, params }) => {
    const lines = read.text(params.files)
    const requests = lines
      .filter((c) => c.value.rlike(REQUEST))
      .select((c) => ({
        route: routeOf(regexpExtract(c.value, REQUEST, 3)),
        status: regexpExtract(c.value, REQUEST, 4).cast('int'),
        ms: regexpExtract(c.value, REQUEST, 5).cast('int'),
      }))
    const routes = requests
      .groupBy('route')
      .agg((c) => ({
        requests: count(),
        errors: countIf(c.status.ge(500)),
        median: percentileDisc(c.ms, 0.5),
        p95: percentileDisc(c.ms, 0.95),
        slowest: max(c.ms),
      }))
      .orderBy((c) => c.p95.desc(), 'route')
    return { routes, other_lines: lines.filter((c) => c.value.rlike(REQUEST).not()) }
  },
})
