/** What other apps handed to the page, as the service worker kept it. Nothing of it was sent anywhere. */
export interface Shared { words: string; files: File[] }

/** As `service-worker.ts` names it. */
const place = 'moltbot-shared'

/** Everything that waits, the oldest first. Undefined: nothing does. */
export async function readShared(): Promise<Shared | undefined> {
  const cache = await caches.open(place)
  const said: string[] = []
  const files: File[] = []
  for (const request of await cache.keys()) {
    const kept = await cache.match(request)
    if (kept === undefined) continue
    const name = kept.headers.get('X-Name')
    if (name === null) said.push(await kept.text())
    else files.push(new File([await kept.blob()], decodeURIComponent(name), { type: kept.headers.get('Content-Type') ?? '' }))
  }
  return said.length + files.length === 0 ? undefined : { words: said.join('\n'), files }
}

/** It was sent, or taken away by the person. */
export async function dropShared(): Promise<void> {
  await caches.delete(place)
}
