import { csv, defineJob, string, tuple } from 'runjob'

/** Reads rows of four fields and writes them again. */
const copying = (name: string, delimiter: string) =>
  defineJob({
    name,
    input: csv({ columns: ['a', 'b', 'c', 'd'], delimiter }),
    key: tuple(string(), string(), string()),
    value: string(),
    map: (row, emit) => emit([row.a, row.b, row.c], row.d),
    output: csv({ delimiter }),
  })

export const copyingByDelimiter = {
  ',': copying('copy-commas', ','),
  ';': copying('copy-semicolons', ';'),
  '\t': copying('copy-tabs', '\t'),
}
