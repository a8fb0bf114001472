import { Problem } from '@moltbot/contract'

/** The keys of a dotted path. A key with dots stands in brackets and quotes: `models.providers["my.host"].baseUrl`. Throws `usage`. */
export function configPath(path: string): string[] {
  const keys: string[] = []
  const part = /(?:^|\.)([^.[\]"'\s]+)|\[(?:"([^"]+)"|'([^']+)'|([^\]"']+))\]/y
  let read = 0
  while (read < path.length) {
    part.lastIndex = read
    const match = part.exec(path)
    const key = match?.[1] ?? match?.[2] ?? match?.[3] ?? match?.[4]
    if (key === undefined) break
    read = part.lastIndex
    if (key === '__proto__' || key === 'constructor' || key === 'prototype') throw new Problem('usage', `"${key}" cannot be a configuration key.`, { next: 'See: moltbot config schema' })
    keys.push(key)
  }
  if (keys.length === 0 || read < path.length) throw new Problem('usage', `"${path}" is not a configuration path.`, { next: 'Write it with dots, like gateway.port' })
  return keys
}
