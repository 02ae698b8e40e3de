/** `npx vitest run test/dataset/expression/functions_page.test.ts -u` writes the page anew. */
import { expect, test } from 'vitest'
import { functionsPage } from './functions_page.js'

test('docs/functions.md lists the functions of the catalogue', async () => {
  await expect(functionsPage()).toMatchFileSnapshot('../../../docs/functions.md')
})
