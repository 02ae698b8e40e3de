/** `station;temperature`, one decimal, no header row: the format of the One Billion Row Challenge. */
import { type Fill, FULL } from './blocks.js'
import { Phrases } from './phrases.js'
import { Random } from './random.js'
import { makeWords } from './words.js'

const COLDEST = -999
const HOTTEST = 999

/** `rows` rows of `groups` stations, all about equally frequent. */
export function stations(rows: number, groups: number, seed: number): Fill {
  const random = new Random(seed)
  const names = new Phrases(makeNames(groups, random))
  const means = Int32Array.from({ length: groups }, () => random.below(600) - 200)
  const temperatures = new Phrases(
    Array.from({ length: HOTTEST - COLDEST + 1 }, (_, i) => `;${((COLDEST + i) / 10).toFixed(1)}\n`),
  )
  let left = rows

  return (block) => {
    let at = 0
    while (at < FULL && left > 0) {
      left--
      const station = random.below(groups)
      const bits = random.next()
      // Two dice make the mean more frequent than the extremes.
      const tenths = means[station]! + (bits & 127) + ((bits >>> 7) & 127) - 127
      at = names.put(station, block, at)
      at = temperatures.put(tenths - COLDEST, block, at)
    }
    return at
  }
}

function makeNames(count: number, random: Random): string[] {
  const suffixes = ['', 'ton', 'ville', 'burg']
  const foreign = 'é ö ñ ç ł'.split(' ')
  return makeWords('latin', count, random).map((word, i) => {
    const name = word.charAt(0).toUpperCase() + word.slice(1) + suffixes[i % suffixes.length]
    if (i % 16 === 0) return name + foreign[random.below(foreign.length)]
    return i % 8 === 0 ? `San ${name}` : name
  })
}
