import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Stage } from '../stage.ts'

/** Where this browser stands: it cannot be told, it may not, or it is told or not. */
export type Standing = { kind: 'asking' } | { kind: 'unable' } | { kind: 'blocked' } | { kind: 'off'; worker: ServiceWorkerRegistration } | { kind: 'on'; worker: ServiceWorkerRegistration; subscription: PushSubscription }

async function read(stage: Stage): Promise<Standing> {
  const worker = await stage.companion.worker
  if (worker === undefined || !('pushManager' in worker) || !('Notification' in globalThis)) return { kind: 'unable' }
  if (Notification.permission === 'denied') return { kind: 'blocked' }
  const subscription = await worker.pushManager.getSubscription()
  return subscription === null ? { kind: 'off', worker } : { kind: 'on', worker, subscription }
}

/** One for the page, so that whoever changes it is followed by whoever shows it. */
const standing = signal<Standing>({ kind: 'asking' })
let asked = 0

function look(stage: Stage): void {
  const mine = (asked += 1)
  const tell = (now: Standing): void => {
    if (mine === asked) standing.value = now
  }
  void read(stage).then(tell, () => tell({ kind: 'unable' }))
}

/** Follows this browser's own switches too: somebody may turn them elsewhere, in its settings or in another tab. */
export function usePushStanding(stage: Stage): { now: Standing; look: () => void } {
  useEffect(() => {
    const again = (): void => {
      if (document.visibilityState === 'visible') look(stage)
    }
    let permission: PermissionStatus | undefined
    let gone = false
    look(stage)
    document.addEventListener('visibilitychange', again)
    // A browser without the question has no such event either.
    navigator.permissions?.query({ name: 'notifications' }).then((status) => {
      if (gone) return
      permission = status
      status.addEventListener('change', again)
    }, () => undefined)
    return () => {
      gone = true
      document.removeEventListener('visibilitychange', again)
      permission?.removeEventListener('change', again)
    }
  }, [])
  return { now: standing.value, look: () => look(stage) }
}
