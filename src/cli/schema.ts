/** `runjob schema`: the schema of a file, to paste into a program. */
import type { Host, Streams } from './host.js'
import { createSharedCommand, parseOptions, usageError } from './options.js'

export async function printSchemaCommand(argv: readonly string[], host: Host, { data }: Streams): Promise<void> {
  const { shared, operands } = parseOptions(createSharedCommand(), null, argv)
  if (shared.version) return data.write(`${host.version()}\n`)
  const [path, surplus] = operands
  if (path === undefined || path === '') throw usageError('schema', '', 'the file is missing')
  if (surplus !== undefined) throw usageError('schema', surplus, 'only one file, folder or glob is expected')
  return data.write(await host.schemaText(path))
}
