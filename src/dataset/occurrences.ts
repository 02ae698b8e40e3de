/** How often a plan has the same node: what is equal is computed once. */
import { inputsOfNode, type Logical } from './logical.js'

export class Occurrences {
  readonly #plans: readonly Logical[]
  readonly #ids = new WeakMap<Logical, number>()
  readonly #known = new Map<string, number>()
  /** Of files and collections, which are equal only to themselves. */
  readonly #sources = new Map<object, number>()
  #counts: Map<number, number> | null = null

  constructor(plans: readonly Logical[]) {
    this.#plans = plans
  }

  /** In all plans. */
  of(node: Logical): number {
    this.#counts ??= this.#count()
    return this.#counts.get(this.#idOf(node)) ?? 0
  }

  #count(): Map<number, number> {
    const counts = new Map<number, number>()
    const visit = (node: Logical): void => {
      const id = this.#idOf(node)
      counts.set(id, (counts.get(id) ?? 0) + 1)
      for (const input of inputsOfNode(node)) visit(input)
    }
    for (const plan of this.#plans) visit(plan)
    return counts
  }

  #idOf(node: Logical): number {
    const found = this.#ids.get(node)
    if (found !== undefined) return found
    const inputs = inputsOfNode(node)
    const text = JSON.stringify([inputs.map((input) => this.#idOf(input)), node], (_, value) => {
      if (inputs.includes(value)) return null
      return node.kind === 'read' && value === node.source
        ? this.#sourceId(value)
        : node.kind === 'elements' && value === node.collection
          ? this.#sourceId(value)
          : value
    })
    const id = numbered(this.#known, text)
    this.#ids.set(node, id)
    return id
  }

  #sourceId(source: object): number {
    return numbered(this.#sources, source)
  }
}

/** Numbers from 0 on, the same one for the same thing. */
function numbered<Thing>(known: Map<Thing, number>, thing: Thing): number {
  const number = known.get(thing) ?? known.size
  known.set(thing, number)
  return number
}
