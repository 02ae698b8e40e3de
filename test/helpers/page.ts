/** Reads the pages of --profile, which are well-formed XML but for the first line and the style. */
import { expect } from 'vitest'

export interface Page {
  title: string
  /** All of it. */
  text: string
  /** Of each stage of the plan: its head, and its lines. */
  cards: string[][]
  /** The markup of the picture of this class. */
  svg(className: string): string
  /** The texts of the list of this class. */
  list(className: string): string[]
}

interface Element {
  name: string
  attributes: Record<string, string>
  children: (Element | string)[]
}

const TAG = /<(\/?)([a-z][a-z0-9]*)((?:\s+[A-Za-z][A-Za-z0-9-]*="[^"<>]*")*)\s*(\/?)>/y
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }

/** Expects a page that is whole, does nothing and loads nothing. */
export function checkPage(page: string): Page {
  const [head, body] = page.split(/<style>[\s\S]*?<\/style>/) as [string, string]
  expect(head).toMatch(/^<!doctype html>\n/)
  const root = parse(`${head.replace('<!doctype html>\n', '')}${body}`.trim())
  const all = elementsOf(root)
  for (const { name, attributes } of all) {
    expect(['script', 'iframe', 'img', 'link', 'object', 'foreignObject', 'image', 'use']).not.toContain(name)
    for (const [key, value] of Object.entries(attributes)) {
      expect(key).not.toMatch(/^on|^src$|^xlink/)
      if (key === 'href') expect(value).toMatch(/^#stage-\d+$/)
    }
  }
  expect(page.match(/<style>[\s\S]*?<\/style>/)![0]).not.toMatch(/url\(|@import|font-size: ?(\d|1[01])px/)
  const ids = all.flatMap(({ attributes }) => attributes.id ?? [])
  expect(new Set(ids).size).toBe(ids.length)
  for (const { attributes } of all) if (attributes.href) expect(ids).toContain(attributes.href.slice(1))
  expect(head).toContain('<meta name="viewport" content="width=device-width, initial-scale=1"/>')
  const withClass = (of: Element, className: string) =>
    elementsOf(of).filter(({ attributes }) => attributes.class?.split(' ').includes(className))
  return {
    title: textOf(all.find(({ name }) => name === 'title')!),
    text: textOf(root),
    cards: withClass(root, 'stage').map((stage) => withClass(stage, 'cell').map(textOf)),
    svg: (className) => new RegExp(`<svg class="${className}"[\\s\\S]*?</svg>`).exec(page)![0],
    list: (className) =>
      withClass(root, className).flatMap(({ children }) =>
        children.map((one) => texts(one).join('').trim()).filter(Boolean),
      ),
  }
}

function parse(markup: string): Element {
  const top: Element = { name: '', attributes: {}, children: [] }
  const open = [top]
  for (let at = 0; at < markup.length; ) {
    const end = markup.indexOf('<', at)
    const text = markup.slice(at, end < 0 ? undefined : end)
    if (text !== '') open.at(-1)!.children.push(decoded(text))
    if (end < 0) break
    TAG.lastIndex = end
    const [tag, slash, name, attributes, closed] = TAG.exec(markup) ?? []
    if (tag === undefined) throw new Error(`no tag: ${markup.slice(end, end + 100)}`)
    at = end + tag.length
    if (slash === '/') {
      expect(open.pop()!.name).toBe(name)
      continue
    }
    const pairs = [...attributes!.matchAll(/([A-Za-z][A-Za-z0-9-]*)="([^"]*)"/g)]
    const element: Element = {
      name: name!,
      attributes: Object.fromEntries(pairs.map(([, key, value]) => [key, decoded(value!)])),
      children: [],
    }
    open.at(-1)!.children.push(element)
    if (closed === '') open.push(element)
  }
  expect(open).toEqual([top])
  return top
}

function decoded(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a page has none
  expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/)
  return text.replace(/&([^;]*);?/g, (whole, name: string) => {
    const found = ENTITIES[name]
    if (found === undefined) throw new Error(`no entity: ${whole}`)
    return found
  })
}

function elementsOf(element: Element): Element[] {
  return element.children.flatMap((child) => (typeof child === 'string' ? [] : [child, ...elementsOf(child)]))
}

function texts(of: Element | string): string[] {
  return typeof of === 'string' ? [of] : of.children.flatMap(texts)
}

/** Elements are words of their own. */
function textOf(of: Element | string): string {
  return texts(of)
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .join(' ')
}
