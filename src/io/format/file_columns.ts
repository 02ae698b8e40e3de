/** The columns of files that name them themselves. */
import type { Format } from '../../plan/plan.js'
import type { Column } from '../../plan/type.js'
import type { InputFile } from '../input/input_file.js'
import { readAvroSchema } from './avro/columns.js'
import { readParquetSchema } from './parquet/schema.js'

/** @throws what readParquetSchema and readAvroSchema throw */
export function columnsOfFile(kind: Extract<Format['kind'], 'parquet' | 'avro'>, file: InputFile): Promise<Column[]> {
  return kind === 'parquet' ? readParquetSchema(file) : readAvroSchema(file)
}
