/**
 * Seeded random numbers: the same seed gives the same bytes on every machine.
 *
 * Source: sfc32 of Chris Doty-Humphrey's PractRand.
 */
export class Random {
  private a: number
  private b: number
  private c: number
  private counter = 1

  constructor(seed: number) {
    this.a = seed | 0
    this.b = Math.imul(seed, 0x9e3779b1)
    this.c = ~seed
    // The first numbers of neighbouring seeds are alike.
    for (let i = 0; i < 16; i++) this.next()
  }

  /** 32 random bits, as a signed integer. */
  next(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0
    return sum
  }

  /** A whole number from 0 to n - 1; n up to 2^31. */
  below(n: number): number {
    return ((this.next() >>> 0) * (n / 0x1_0000_0000)) | 0
  }

  /** A number from 0 (inclusive) to 1 (exclusive). */
  unit(): number {
    return (this.next() >>> 0) / 0x1_0000_0000
  }
}
