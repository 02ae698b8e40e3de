// Find lines.                 runjob grep error logs/ -o errors
import { defineJob, grep, text } from 'runjob'

export default defineJob({
  name: 'grep',
  description: 'The lines that match a pattern, in input order, byte for byte.',
  examples: ['runjob grep error logs/ -o errors', "runjob grep '^[0-9]+ GET' access.log -o gets --ignore-case"],
  params: {
    pattern: {
      type: 'string',
      required: true,
      positional: true,
      describe: 'Regular expression (JavaScript’s), or plain text',
    },
    literal: { type: 'boolean', default: false, describe: 'Take the pattern as plain text' },
    ignoreCase: { type: 'boolean', default: false, short: 'i', describe: 'Let "Error" match "error"' },
    invert: { type: 'boolean', default: false, short: 'v', describe: 'Keep the lines that do not match' },
  },
  define: ({ pattern, literal, ignoreCase, invert }) => ({
    input: text({ exact: true }),
    map: grep(pattern, literal ? { literal, ignoreCase, invert } : { ignoreCase, invert }),
    output: text(),
  }),
})
