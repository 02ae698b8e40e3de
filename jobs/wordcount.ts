// Count words.                runjob wordcount books/ -o counts
import { defineJob, sum, text, words } from 'runjob'

export default defineJob({
  name: 'wordcount',
  description: 'How often each word occurs.',
  examples: ['runjob wordcount books/ -o counts', 'runjob wordcount notes.txt -o counts --no-lowercase'],
  summary: 'top',
  params: {
    lowercase: { type: 'boolean', default: true, describe: 'Count "The" and "the" as one word' },
  },
  define: ({ lowercase }) => ({
    input: text(),
    map: words({ lowercase }),
    reduce: sum(),
  }),
})
