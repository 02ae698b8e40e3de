/** Methods refuse arguments that they do not take: JavaScript drops them, and with them a second condition or aggregate. */
import { requireArguments } from '../base/schema.js'

type Methods<P> = { [K in keyof P]?: number }

/**
 * Makes the methods of a class throw DATASET_INVALID for more arguments than they take.
 *
 * @param most for methods with optional parameters or a list of them; others take as many as they have parameters
 */
export function refuseMore<P extends object>({ prototype }: { prototype: P }, most: Methods<P> = {}): void {
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    const method: unknown = property.value
    if (name === 'constructor' || typeof method !== 'function') continue
    const takes = most[name as keyof P] ?? method.length
    const value = function (this: unknown, ...args: unknown[]): unknown {
      requireArguments(name, takes, args, 'DATASET_INVALID')
      return Reflect.apply(method, this, args)
    }
    Object.defineProperty(prototype, name, { ...property, value })
  }
}
