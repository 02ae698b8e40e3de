// A function of rows over typed arrays, which are files: node bare_functions.js question threads out.csv price.f64 quantity.i32 [city.u8]
// All that it does besides is to start threads and to read their shares of the arrays.
import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { QUESTIONS, Total } from './sales_functions.js'

const ARRAYS = [Float64Array, Int32Array, Uint8Array]
const CITIES = Array.from({ length: 100 }, (_, i) => `id${String(i).padStart(3, '0')}`)

if (isMainThread) {
  const [question, threads, output, ...files] = process.argv.slice(2)
  const rows = statSync(files[0]).size / ARRAYS[0].BYTES_PER_ELEMENT
  const share = (i) => Math.floor((rows * i) / threads)
  const totals = Array.from({ length: Number(threads) }, (_, i) => {
    const data = { question, files, from: share(i), to: share(i + 1) }
    const worker = new Worker(new URL(import.meta.url), { workerData: data })
    return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  })
  const all = new Total()
  for (const { rows, price } of await Promise.all(totals)) {
    all.rows += rows
    all.price += price
  }
  writeFileSync(output, all.text())
} else {
  const { question, files, from, to } = workerData
  const [price, quantity, city] = files.map((path, i) => read(path, ARRAYS[i], from, to))
  const { call } = QUESTIONS[question]
  const total = new Total()
  for (let i = 0; i < price.length; i++) total.add(call(price[i], quantity[i], city && CITIES[city[i]]))
  parentPort.postMessage({ rows: total.rows, price: total.price })
}

function read(path, Type, from, to) {
  const values = new Type(to - from)
  const file = openSync(path, 'r')
  for (let at = 0; at < values.byteLength; ) {
    const position = from * Type.BYTES_PER_ELEMENT + at
    const got = readSync(file, new Uint8Array(values.buffer, at), { position })
    if (got === 0) throw new Error(`${path} ends early`)
    at += got
  }
  closeSync(file)
  return values
}
