/** Quotes for CSV output (RFC 4180). */

/**
 * Makes a field safe between delimiters and line ends.
 *
 * Not fast-csv, which drops zero bytes, and formats asynchronously: emit() formats while the user's function runs.
 *
 * @param encoding `latin1`: each character of the text is one byte
 */
export function csvQuoter(
  delimiter: string,
  quote = '"',
  encoding: 'latin1' | 'utf8' = 'utf8',
): (text: string) => string {
  // A field that begins with a byte-order mark may be the first in a file, where readers would take it for the file's own.
  const mark = encoding === 'latin1' ? '\\xef\\xbb\\xbf' : '\\ufeff'
  const special = new RegExp(`[\\r\\n${inClass(quote)}${inClass(delimiter)}]|^${mark}`)
  return (text) => (special.test(text) ? quote + text.replaceAll(quote, quote + quote) + quote : text)
}

/** For use in a character class. */
function inClass(character: string): string {
  return character.replace(/[\\\]^-]/, '\\$&')
}
