/** Made-up words of several scripts, and how often each occurs. */
import type { Random } from './random.js'

export type Script = 'latin' | 'cyrillic' | 'greek' | 'cjk'

const syllables: Record<Exclude<Script, 'cjk'>, { onsets: string[]; vowels: string[]; codas: string[] }> = {
  latin: {
    onsets: 'b c d f g h j k l m n p r s t v w z br ch cl dr gr pl pr qu sh st th tr'.split(' '),
    vowels: 'a e i o u y ai ea ee ou'.split(' '),
    codas: ['', '', '', ...'l m n r s t nd ng st'.split(' ')],
  },
  cyrillic: {
    onsets: 'б в г д ж з к л м н п р с т ф х ц ч ш ст пр кр тр'.split(' '),
    vowels: 'а е и о у ы э ю я'.split(' '),
    codas: ['', '', '', ...'й л м н р с т ль ть'.split(' ')],
  },
  greek: {
    onsets: 'β γ δ ζ θ κ λ μ ν ξ π ρ σ τ φ χ ψ πρ στ τρ'.split(' '),
    vowels: 'α ε η ι ο υ ω ά έ ή ί ό ού αι'.split(' '),
    codas: ['', '', '', ...'ν ρ λ'.split(' ')],
  },
}

/** How many words have one syllable, and one or two: a fraction of those possible, so that few draws repeat one. */
const ONE_SYLLABLE = 500
const TWO_SYLLABLES = 50_000

/** `count` different words; the first ones, which are the most frequent, are short. */
export function makeWords(script: Script, count: number, random: Random): string[] {
  const words = new Set<string>()
  while (words.size < count) {
    const length = words.size < ONE_SYLLABLE ? 1 : words.size < TWO_SYLLABLES ? 2 : 3
    words.add(makeWord(script, length, random))
  }
  return [...words]
}

function makeWord(script: Script, length: number, random: Random): string {
  let word = ''
  if (script === 'cjk') {
    for (let i = 0; i < length; i++) word += String.fromCharCode(0x4e00 + random.below(3000))
    return word
  }
  const { onsets, vowels, codas } = syllables[script]
  const pick = (from: string[]) => from[random.below(from.length)]!
  for (let i = 0; i < length; i++) word += pick(onsets) + pick(vowels) + pick(codas)
  // A Greek word that ends in a sigma ends in the final one.
  return script === 'greek' && random.below(4) === 0 ? `${word}ς` : word
}

const STEPS = 1024

/**
 * Draws ranks from 0 to n - 1, rank r with a chance proportional to log((r + 2) / (r + 1)): Zipf's law, nearly. The floor of
 * an exponential of a uniform number has that distribution, and needs no table that outgrows the cache.
 */
export class Zipf {
  private readonly octaves: number
  /** 2^(i / STEPS), to interpolate between: Math.exp would take most of the time. */
  private readonly powers = new Float64Array(STEPS + 1).map((_, i) => 2 ** (i / STEPS))
  private readonly last: number

  constructor(n: number) {
    this.octaves = Math.log2(n + 1)
    this.last = n - 1
  }

  draw(random: Random): number {
    const exponent = random.unit() * this.octaves
    const octave = exponent | 0
    const step = (exponent - octave) * STEPS
    const low = this.powers[step | 0]!
    const high = this.powers[(step | 0) + 1]!
    const power = (low + (high - low) * (step - (step | 0))) * (1 << octave)
    return Math.min(this.last, (power | 0) - 1)
  }
}
