// In place of the package of that name: frames that hold their content as it is (RFC 8878, 3.1.1).
const MOST_BLOCK_BYTES = 128 << 10

exports.compress = (bytes) => {
  const head = Buffer.alloc(9)
  head.writeUInt32LE(0xfd2fb528)
  // One segment, with a size of four bytes.
  head[4] = 0xa0
  head.writeUInt32LE(bytes.length, 5)
  const blocks = [head]
  let at = 0
  do {
    const block = bytes.subarray(at, at + MOST_BLOCK_BYTES)
    at += block.length
    const blockHead = Buffer.alloc(3)
    blockHead.writeUIntLE((block.length << 3) | (at >= bytes.length ? 1 : 0), 0, 3)
    blocks.push(blockHead, block)
  } while (at < bytes.length)
  return Buffer.concat(blocks)
}
