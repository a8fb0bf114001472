import type { ThinkingLevel } from '@moltbot/contract'

/**
 * The reasoning effort OpenAI's models understand for a level; undefined: say nothing. `off` is only said to models known to
 * reason unasked, in the word each generation knows for it (source: OpenAI's model pages, November 2026).
 */
export function effortOf(model: string, level: ThinkingLevel, openAi: boolean): string | undefined {
  const name = model.slice(model.lastIndexOf('/') + 1)
  const gpt = /^gpt-(\d+)(?:\.(\d+))?(?:-(.*))?$/.exec(name)
  const generation = gpt === null ? undefined : Number(gpt[1]) + Number(gpt[2] ?? 0) / 10
  const rest = gpt?.[3] ?? ''
  if (level === 'off') {
    if (!openAi) return undefined
    if (/^o\d/.test(name)) return 'low'
    if (generation === undefined || generation < 5 || /chat/.test(rest)) return undefined
    if (/codex|pro/.test(rest)) return 'low'
    if (generation < 5.1) return 'minimal'
    const none = generation <= 6 || (generation < 6.2 && !/sol|astra/.test(rest))
    return none && !/astra/.test(rest) ? 'none' : 'low'
  }
  if (openAi && !/^o\d/.test(name) && (generation === undefined || generation < 5 || /chat/.test(rest))) return undefined
  if (level === 'minimal') return generation !== undefined && generation >= 5 && generation < 5.1 ? 'minimal' : 'low'
  if (level === 'xhigh') return generation !== undefined && generation >= 5.2 ? 'xhigh' : 'high'
  return level
}
