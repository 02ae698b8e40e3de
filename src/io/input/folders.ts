/** Columns in the names of folders, as Spark and Hive write them: `lake/year=2024/month=01/part.parquet`. */
import { dirname, relative, sep } from 'node:path'
import { RunjobError } from '../../base/errors.js'

export interface FolderValue {
  /** Of the column. */
  name: string
  /** null: the value is missing. */
  text: string | null
}

/** What stands for a missing value. */
const NULL_FOLDER = '__HIVE_DEFAULT_PARTITION__'

/**
 * What the folders between `base` and a file say, from the first on; other folders say nothing.
 *
 * @param base null: the file itself was named
 * @throws DATASET_INVALID for a name without a value, which could be a missing one or an empty text, and for a name that comes twice
 */
export function folderValues(base: string | null, path: string): FolderValue[] {
  const values: FolderValue[] = []
  if (base === null) return values
  for (const folder of relative(base, dirname(path)).split(sep)) {
    const at = folder.indexOf('=')
    if (at <= 0) continue
    const [name, text] = [decoded(folder.slice(0, at)), folder.slice(at + 1)]
    const refuse = (problem: string, hint: string) => {
      throw new RunjobError('DATASET_INVALID', { problem: `${path}: ${problem}`, hint }, { where: { file: path } })
    }
    if (text === '') refuse(`the folder ${folder} has no value`, `A missing value is written ${name}=${NULL_FOLDER}.`)
    if (values.some((value) => value.name === name)) {
      refuse(
        `two of its folders say what ${name} is`,
        'Name the inner folder: only folders below the one that is named count.',
      )
    }
    values.push({ name, text: text === NULL_FOLDER ? null : decoded(text) })
  }
  return values
}

/** Percent signs that begin no character stay. */
export function decoded(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (bytes) => {
    try {
      return decodeURIComponent(bytes)
    } catch {
      return bytes
    }
  })
}
