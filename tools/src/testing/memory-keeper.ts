import type { MemoryHit, MemoryKeeper, PrincipalId } from '@moltbot/contract'

/** A memory of one line. `hit` changes what is found; `written` keeps what was asked for. */
export function memoryKeeper(hit: Partial<MemoryHit> = {}): { grant: MemoryKeeper; written: { text: string; lasting: boolean; shared: boolean }[] } {
  const written: { text: string; lasting: boolean; shared: boolean }[] = []
  const found: MemoryHit = { path: 'MEMORY.md', line: 3, text: 'Olga takes no walnuts.', day: '2026-11-22', source: 'agent:main:main', owner: 'owner' as PrincipalId, score: 0.9, ...hit }
  const origin = found.origin === undefined ? {} : { origin: found.origin }
  return {
    written,
    grant: {
      search: async (query) => ({ hits: query === 'nothing' ? [] : [found], boundary: 'b1' }),
      get: async (path, from) => ({ text: `${from}: of ${path}`, from, to: from, of: 9, boundary: 'b1', ...origin }),
      async write(text, how) {
        written.push({ text, ...how })
        return { path: 'memory/2026-11-22.md', added: 1, ...origin }
      },
    },
  }
}
