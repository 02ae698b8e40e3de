/**
 * A share of the rows: each row draws a lot by which row it is. So the answer is the same for any number of workers, and filters go past it.
 *
 * Which row it is, columns say that are added to what it is made of: its place in the files or among the elements, of a group its keys, of a
 * pair of a join both.
 */
import type { NamedExpression } from '../plan/expression.js'
import type { Column } from '../plan/type.js'
import { resolve } from './expression/resolve.js'
import type { Untyped } from './expression/untyped.js'
import {
  columnNamed,
  columnOf,
  explode,
  filter,
  inputsOfNode,
  join,
  type Logical,
  project,
  unchanged,
  union,
  withInputs,
} from './logical.js'
import { freshName } from './names.js'
import { inputsOf, type Query } from './query.js'

/** Lots are so many, from half of them below zero on. */
const LOTS = 2 ** 32

export function sampleRows(
  { input: asked, fraction, seed }: Extract<Query, { kind: 'sample' }>,
  input: Logical,
): Logical {
  const { node, places } = new Placing(input).placed(input)
  // A sample of a sample with the same seed draws anew.
  const lot = call('hash', long(seed), long(samplesIn(asked)), ...places.map(column))
  const chosen = fraction === 0 ? 0 : Math.max(1, Math.round(fraction * LOTS))
  const where = call('lt', lot, long(chosen - LOTS / 2))
  return project(filter(node, resolve(where, node.columns)), unchanged(input.columns))
}

/** The most samples on one way to a file. */
function samplesIn(query: Query): number {
  const below = Math.max(0, ...inputsOf(query).map(samplesIn))
  return query.kind === 'sample' ? below + 1 : below
}

interface Placed {
  /** The same rows, with all columns and maybe more. */
  node: Logical
  /** The columns that say which row it is. */
  places: string[]
}

class Placing {
  /** Of all nodes: new names are none of these. */
  readonly #names = new Set<string>()

  constructor(input: Logical) {
    this.#collect(input)
  }

  placed(node: Logical): Placed {
    switch (node.kind) {
      case 'read':
      case 'elements': {
        if (node.place !== null) return { node, places: [node.place] }
        const place = this.#fresh('place')
        const columns = [...node.columns, { name: place, type: 'long', nullable: false } as const]
        return { node: { ...node, columns, place }, places: [place] }
      }
      case 'project': {
        const input = this.placed(node.input)
        const own = input.places.map((place): NamedExpression => {
          return { name: this.#fresh('place'), value: columnOf(columnNamed(input.node.columns, place)) }
        })
        return { node: project(input.node, [...node.values, ...own]), places: own.map(({ name }) => name) }
      }
      case 'explode': {
        const input = this.placed(node.input)
        const position: Column = node.position ?? { name: this.#fresh('pos'), type: 'integer', nullable: node.outer }
        const keep = [...new Set([...node.keep, ...input.places])]
        return {
          node: explode({ ...node, input: input.node, keep, position }),
          places: [...input.places, position.name],
        }
      }
      case 'aggregate':
        return { node, places: [...node.by] }
      case 'join': {
        const left = this.placed(node.left)
        const { type } = node
        if (type === 'semi' || type === 'anti') return { node: join({ ...node, left: left.node }), places: left.places }
        const right = this.placed(node.right)
        return {
          node: join({ ...node, left: left.node, right: right.node }),
          places: [...left.places, ...right.places],
        }
      }
      case 'union':
        return this.#union(node.inputs)
      default: {
        const { node: input, places } = this.placed(node.input)
        return { node: withInputs(node, [input]), places }
      }
    }
  }

  /** One place for all: the files of one input may be those of another. */
  #union(inputs: readonly Logical[]): Placed {
    const place = this.#fresh('place')
    const placed = inputs.map((input, i) => {
      const { node, places } = this.placed(input)
      const value = resolve(call('hash', long(i), ...places.map(column)), node.columns)
      return project(node, [...unchanged(input.columns), { name: place, value }])
    })
    return { node: union(placed), places: [place] }
  }

  #collect(node: Logical): void {
    for (const { name } of node.columns) this.#names.add(name)
    for (const input of inputsOfNode(node)) this.#collect(input)
  }

  #fresh(wanted: string): string {
    const name = freshName(wanted, [...this.#names])
    this.#names.add(name)
    return name
  }
}

function column(name: string): Untyped {
  return { kind: 'column', name }
}

function long(value: number): Untyped {
  return { kind: 'literal', value, type: 'long' }
}

function call(fn: string, ...args: Untyped[]): Untyped {
  return { kind: 'call', fn, args }
}
