// The same cases every time; `SEED=random npm test` looks for new ones. fast-check prints the seed of a failure.
import fc from 'fast-check'

const { SEED = '20260101' } = process.env
if (SEED !== 'random') fc.configureGlobal({ seed: Number(SEED) })
