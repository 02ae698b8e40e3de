// The most frequent lines.    runjob top 10 urls.txt -o top
import { byValue, count, defineJob, lines, step, take, text, tsv } from 'runjob'

export default defineJob({
  name: 'top',
  description: 'The N most frequent lines and how often each occurs, most frequent first.',
  examples: ['runjob top 10 urls.txt -o top'],
  params: {
    n: { type: 'integer', min: 1, required: true, positional: true, describe: 'How many lines' },
  },
  define: ({ n }) => ({
    input: text({ exact: true }),
    steps: [step({ map: lines(), reduce: count() }), step({ map: byValue({ descending: true }), reduce: take(n) })],
    // The count comes last, so a tab inside a line does no harm.
    output: tsv({ escape: false }),
  }),
})
