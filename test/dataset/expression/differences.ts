/** Where we differ from Spark on purpose, or because we lack something. docs/functions.md gives the same reasons. */

export interface Difference {
  reason: string
  /** Of cases of Spark's answers. */
  ids: string[]
}

export const DIFFERENCES: Difference[] = [
  {
    reason:
      '`b <> 0 and a / b > 1` never divides by zero, wherever it stands: Spark may compute the division first, and fail.',
    ids: [],
  },
  {
    reason: '`cast` of bytes to text is an error where they are not UTF-8: Spark keeps them.',
    ids: [],
  },
  {
    reason: 'In a `filter` or `orderBy`, the window of a null instant is null: Spark leaves such rows out.',
    ids: [],
  },
  {
    reason:
      'A decimal has the digits 0 to 9: Spark takes those of every script, though not in whole numbers and doubles.',
    ids: ['cast.004', 'cast.009'],
  },
  {
    reason: "Regular expressions are JavaScript's, with flag `u`, and so is what `$` stands for in a replacement.",
    ids: 'like.042 like.049 like.052 like.053 like.059 string.135 string.162 string.164 string.165 string.173 string.174 string.175 string.176 string.177'.split(
      ' ',
    ),
  },
  {
    reason: 'A group that a regular expression lacks is refused when the plan is built, not when it runs.',
    ids: 'string.150 string.153 string.154 string.155'.split(' '),
  },
  {
    reason:
      'A decimal is not compared with text: Spark compares both as doubles, and takes 0.1 for 0.10000000000000000001.',
    ids: 'coercion.349 coercion.356 coercion.413 coercion.420 coercion.587 coercion.632 coercion.637 literal.001 literal.002 literal.003 literal.007 literal.037'.split(
      ' ',
    ),
  },
  {
    reason:
      'Decimals that have no common type of 38 digits are not compared: Spark cuts the scale, and takes -1 for -0.99.',
    ids: 'decimal.054 decimal.055 literal.032'.split(' '),
  },
  {
    reason: '`cast` of NaN or an infinity to a decimal is an error: Spark gives null.',
    ids: 'decimal.117 round.023 cast.025'.split(' '),
  },
  {
    reason:
      '`floor` and `ceil` of a double that no bigint holds are errors: Spark gives the nearest bigint, and 0 for NaN.',
    ids: 'arith.072 arith.073 round.013 round.014 round.015 round.078 round.079'.split(' '),
  },
  {
    reason: '`floor` and `ceil` take no digits.',
    ids: 'round.016 round.017 round.018 round.040 round.041 round.042 round.043 round.060 round.061'.split(' '),
  },
  {
    reason:
      '`cast` of 2^63 to bigint, and of more seconds than a timestamp holds, is an error: Spark gives the nearest value.',
    ids: 'cast.022 cast.040 cast.048'.split(' '),
  },
  {
    reason: '`dateAdd` beyond the last date is an error: Spark wraps around.',
    ids: 'datetime.254'.split(' '),
  },
  {
    reason: '`unbase64` of other text is an error: Spark leaves out what is not base64.',
    ids: 'string.184'.split(' '),
  },
  {
    reason: 'Text of an instant may have an offset, or UTC, but no time zone by name.',
    ids: 'cast.014 cast.015 cast.017'.split(' '),
  },
  {
    reason: 'Formats of times have the letters `y M d D H h m s S a E`, those for reading `y M d H h m s S a`.',
    ids: 'datetime.051 datetime.052 datetime.117 datetime.128 datetime.129 datetime.133 datetime.134 datetime.136 datetime.137 datetime.138 datetime.139 datetime.140 datetime.141 datetime.142 datetime.143 datetime.146 datetime.147 datetime.148 datetime.149 datetime.150 datetime.151 datetime.152 datetime.153 datetime.186 datetime.193 datetime.198 datetime.199 datetime.200 datetime.201 datetime.202 datetime.278 datetime.282 datetime.283'.split(
      ' ',
    ),
  },
  {
    reason: 'A unit that `trunc` or `dateTrunc` does not know is refused: Spark gives null.',
    ids: 'datetime.037 datetime.038 datetime.039 datetime.088 datetime.269'.split(' '),
  },
  {
    reason: "null by itself has no type: give it one, `lit(null).cast('int')`.",
    ids: 'conditional.037 round.069 round.070 collections.072 collections.128 collections.129 collections.143 literal.044'.split(
      ' ',
    ),
  },
  {
    reason: 'Text and binary do not mix, and `concat`, `substring`, `lpad` are for text.',
    ids: 'string.199 string.201 string.202 string.208 string.239 literal.055'.split(' '),
  },
  {
    reason: '`concat` and `reverse` are for text, and `arrayJoin` leaves out null.',
    ids: 'string.211 collections.025 collections.031 collections.038'.split(' '),
  },
  {
    reason: '`regexpReplace` has no position to start from.',
    ids: 'string.170 string.171'.split(' '),
  },
  {
    reason: '`tryAdd` takes numbers.',
    ids: 'try.021'.split(' '),
  },
  {
    reason: '`in` looks no further once an option is equal: Spark converts all options first, and fails.',
    ids: 'in.016'.split(' '),
  },
  {
    reason: '`fromUnixtime` takes whole seconds: convert a decimal first.',
    ids: 'datetime.220'.split(' '),
  },
  {
    reason: 'Two fields of a struct may not have the same name.',
    ids: 'collections.155'.split(' '),
  },
  {
    reason: '`arrayContains(list, null)` is null: Spark refuses it.',
    ids: 'collections.016'.split(' '),
  },
  {
    reason: '`timestampDiff` counts units of one length, up to weeks, and `extract` gives whole numbers.',
    ids: 'datetime.010 datetime.012 datetime.059 datetime.068 datetime.162 datetime.163 datetime.164 datetime.262 datetime.263 datetime.265'.split(
      ' ',
    ),
  },
  {
    reason: 'A part 0 of `splitPart`, and a weekday that does not exist, are refused when the plan is built.',
    ids: ['string.143', 'datetime.016'],
  },
  {
    reason:
      'Numbers in JSON keep their digits (Spark makes 1.5 of 1.50), single quotes are no JSON, and null is null by itself and in lists, where Spark gives the text `null`.',
    ids: 'json.001 json.002 json.004 json.011 json.020'.split(' '),
  },
  {
    reason: 'A path in JSON that is none, or has wildcards, is refused: Spark gives null for the one.',
    ids: 'json.006 json.008 json.014 json.015 json.017 json.018 json.022 json.024 json.026 json.027'.split(' '),
  },
  {
    reason:
      '`fromJson` of text that is no JSON, has more after it, or is not of the type, is an error: Spark gives nulls for the value or the field, makes a list of one struct, and takes what comes first. Text keeps the JSON of numbers, lists and structs as it is written.',
    ids: 'json.028 json.029 json.030 json.031 json.032 json.033 json.034 json.035 json.036 json.038 json.039 json.047 json.049 json.083 json.084 json.085 json.091 json.092 json.097 json.098'.split(
      ' ',
    ),
  },
  {
    reason: '`toJson` keeps microseconds and writes decimals without an exponent, and takes no null without a type.',
    ids: 'json.050 json.051 json.057 json.062 json.068 json.070 json.071 json.075'.split(' '),
  },
]
