/** What many_columns.ts imports, and nothing else: what the declarations cost the compiler. */
import { csv, decimal, double, long, nullable, read, string, timestamp } from 'runjob'

export const imported = [csv, decimal, double, long, nullable, read, string, timestamp]
