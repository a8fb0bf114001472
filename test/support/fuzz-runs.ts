/** How often a property is tried: as often as `npm test` has time for, or that many times as often where `FUZZ_TIMES` says so (`npm run fuzz`). */
export function fuzzRuns(quick: number): { numRuns: number; seed?: number } {
  const times = Number(process.env['FUZZ_TIMES'] ?? '1')
  const seed = process.env['FUZZ_SEED']
  return { numRuns: Math.max(1, Math.round(quick * (Number.isFinite(times) ? times : 1))), ...(seed === undefined ? {} : { seed: Number(seed) }) }
}

/** How long a property may take: `npm test` has its own limit, a campaign takes what it takes. */
export const fuzzTimeoutMs = process.env['FUZZ_TIMES'] === undefined ? 180_000 : 86_400_000
