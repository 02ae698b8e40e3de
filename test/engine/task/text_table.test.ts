/** Numbers of texts, as a Map would give them. */
import { describe, expect, it } from 'vitest'
import { LONGEST_TEXT, TextTable } from '../../../src/engine/task/elements/text_table.js'
import { Random } from '../../helpers/random.js'

const MOST = 1 << 10
const LETTERS = ['a', 'b', 'ü', '\0', '\uffff', '\ud83d', '\ude00', '日']

function randomText(random: Random): string {
  // Mostly so short that many are equal.
  const length = random.below(20) === 0 ? random.below(LONGEST_TEXT + 1) : random.below(5)
  return Array.from({ length }, () => LETTERS[random.below(LETTERS.length)]).join('')
}

describe('a table of texts', () => {
  it.each([1, 2, 3])(
    'gives each the number of its first occurrence, also when it is full and after clear() (seed %i)',
    (seed) => {
      const random = new Random(seed)
      const table = new TextTable(MOST)
      for (let round = 0; round < 3; round++) {
        const numbers = new Map<string, number>()
        while (numbers.size < MOST) {
          const text = randomText(random)
          const number = numbers.get(text) ?? numbers.size
          numbers.set(text, number)
          expect([text, table.numberOf(text)]).toEqual([text, number])
        }
        table.clear()
      }
    },
  )

  it('holds as many of the longest texts as it says', () => {
    const most = 1 << 13
    const table = new TextTable(most)
    const texts = Array.from({ length: most }, (_, i) => String(i).padStart(LONGEST_TEXT, '日'))
    expect(texts.every((text, i) => table.numberOf(text) === i)).toBe(true)
    // The last one of a full table was the last that may be asked for.
    table.clear()
    expect(table.numberOf(texts.at(-1)!)).toBe(0)
    expect(table.numberOf('')).toBe(1)
    expect(table.numberOf('')).toBe(1)
  })
})
