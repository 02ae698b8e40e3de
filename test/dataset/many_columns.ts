/** As much as anyone writes: 40 columns added to 100, and 10 joins. types.test.ts counts what it costs the compiler. */
import { csv, decimal, double, long, nullable, read, string, timestamp } from 'runjob'

const wide = read(
  csv({
    schema: {
      id: long(),
      c0: long(),
      c1: nullable(string()),
      c2: decimal(12, 2),
      c3: double(),
      c4: timestamp(),
      c5: long(),
      c6: nullable(string()),
      c7: decimal(12, 2),
      c8: double(),
      c9: timestamp(),
      c10: long(),
      c11: nullable(string()),
      c12: decimal(12, 2),
      c13: double(),
      c14: timestamp(),
      c15: long(),
      c16: nullable(string()),
      c17: decimal(12, 2),
      c18: double(),
      c19: timestamp(),
      c20: long(),
      c21: nullable(string()),
      c22: decimal(12, 2),
      c23: double(),
      c24: timestamp(),
      c25: long(),
      c26: nullable(string()),
      c27: decimal(12, 2),
      c28: double(),
      c29: timestamp(),
      c30: long(),
      c31: nullable(string()),
      c32: decimal(12, 2),
      c33: double(),
      c34: timestamp(),
      c35: long(),
      c36: nullable(string()),
      c37: decimal(12, 2),
      c38: double(),
      c39: timestamp(),
      c40: long(),
      c41: nullable(string()),
      c42: decimal(12, 2),
      c43: double(),
      c44: timestamp(),
      c45: long(),
      c46: nullable(string()),
      c47: decimal(12, 2),
      c48: double(),
      c49: timestamp(),
      c50: long(),
      c51: nullable(string()),
      c52: decimal(12, 2),
      c53: double(),
      c54: timestamp(),
      c55: long(),
      c56: nullable(string()),
      c57: decimal(12, 2),
      c58: double(),
      c59: timestamp(),
      c60: long(),
      c61: nullable(string()),
      c62: decimal(12, 2),
      c63: double(),
      c64: timestamp(),
      c65: long(),
      c66: nullable(string()),
      c67: decimal(12, 2),
      c68: double(),
      c69: timestamp(),
      c70: long(),
      c71: nullable(string()),
      c72: decimal(12, 2),
      c73: double(),
      c74: timestamp(),
      c75: long(),
      c76: nullable(string()),
      c77: decimal(12, 2),
      c78: double(),
      c79: timestamp(),
      c80: long(),
      c81: nullable(string()),
      c82: decimal(12, 2),
      c83: double(),
      c84: timestamp(),
      c85: long(),
      c86: nullable(string()),
      c87: decimal(12, 2),
      c88: double(),
      c89: timestamp(),
      c90: long(),
      c91: nullable(string()),
      c92: decimal(12, 2),
      c93: double(),
      c94: timestamp(),
      c95: long(),
      c96: nullable(string()),
      c97: decimal(12, 2),
      c98: double(),
      c99: timestamp(),
    },
  }),
  'wide.csv',
)
const side0 = read(csv({ schema: { id: long(), s0: nullable(double()), t0: string() } }), 'side.csv')
const side1 = read(csv({ schema: { id: long(), s1: nullable(double()), t1: string() } }), 'side.csv')
const side2 = read(csv({ schema: { id: long(), s2: nullable(double()), t2: string() } }), 'side.csv')
const side3 = read(csv({ schema: { id: long(), s3: nullable(double()), t3: string() } }), 'side.csv')
const side4 = read(csv({ schema: { id: long(), s4: nullable(double()), t4: string() } }), 'side.csv')
const side5 = read(csv({ schema: { id: long(), s5: nullable(double()), t5: string() } }), 'side.csv')
const side6 = read(csv({ schema: { id: long(), s6: nullable(double()), t6: string() } }), 'side.csv')
const side7 = read(csv({ schema: { id: long(), s7: nullable(double()), t7: string() } }), 'side.csv')
const side8 = read(csv({ schema: { id: long(), s8: nullable(double()), t8: string() } }), 'side.csv')
const side9 = read(csv({ schema: { id: long(), s9: nullable(double()), t9: string() } }), 'side.csv')

export const made = wide
  .withColumn('a0', (c) => c.c0.add(1))
  .withColumn('a1', (c) => c.c5.mul(2))
  .withColumn('a2', (c) => c.a1)
  .withColumn('a3', (c) => c.c3.div(c.a2))
  .withColumn('a4', (c) => c.a3.add(c.c3))
  .withColumn('a5', (c) => c.a4.add(c.c0))
  .withColumn('a6', (c) => c.c30.mul(2))
  .withColumn('a7', (c) => c.a6)
  .withColumn('a8', (c) => c.c3.div(c.a7))
  .withColumn('a9', (c) => c.a8.add(c.c3))
  .withColumn('a10', (c) => c.a9.add(c.c0))
  .withColumn('a11', (c) => c.c55.mul(2))
  .withColumn('a12', (c) => c.a11)
  .withColumn('a13', (c) => c.c3.div(c.a12))
  .withColumn('a14', (c) => c.a13.add(c.c3))
  .withColumn('a15', (c) => c.a14.add(c.c0))
  .withColumn('a16', (c) => c.c80.mul(2))
  .withColumn('a17', (c) => c.a16)
  .withColumn('a18', (c) => c.c3.div(c.a17))
  .withColumn('a19', (c) => c.a18.add(c.c3))
  .withColumn('a20', (c) => c.a19.add(c.c0))
  .withColumn('a21', (c) => c.c5.mul(2))
  .withColumn('a22', (c) => c.a21)
  .withColumn('a23', (c) => c.c3.div(c.a22))
  .withColumn('a24', (c) => c.a23.add(c.c3))
  .withColumn('a25', (c) => c.a24.add(c.c0))
  .withColumn('a26', (c) => c.c30.mul(2))
  .withColumn('a27', (c) => c.a26)
  .withColumn('a28', (c) => c.c3.div(c.a27))
  .withColumn('a29', (c) => c.a28.add(c.c3))
  .withColumn('a30', (c) => c.a29.add(c.c0))
  .withColumn('a31', (c) => c.c55.mul(2))
  .withColumn('a32', (c) => c.a31)
  .withColumn('a33', (c) => c.c3.div(c.a32))
  .withColumn('a34', (c) => c.a33.add(c.c3))
  .withColumn('a35', (c) => c.a34.add(c.c0))
  .withColumn('a36', (c) => c.c80.mul(2))
  .withColumn('a37', (c) => c.a36)
  .withColumn('a38', (c) => c.c3.div(c.a37))
  .withColumn('a39', (c) => c.a38.add(c.c3))
  .join(side0, 'id', 'inner')
  .join(side1, 'id', 'left')
  .join(side2, 'id', 'inner')
  .join(side3, 'id', 'left')
  .join(side4, 'id', 'inner')
  .join(side5, 'id', 'left')
  .join(side6, 'id', 'inner')
  .join(side7, 'id', 'left')
  .join(side8, 'id', 'inner')
  .join(side9, 'id', 'left')
  .filter((c) => c.a20.gt(3).and(c.s9.lt(2)))
  .select('a20', 's9', 'c7')
