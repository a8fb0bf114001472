import { signal, type ReadonlySignal } from '@preact/signals'

/** What a browser gives a page that was installed, or may be. */
export interface Companion {
  /** Whether the browser offers to install the page now. */
  installable: ReadonlySignal<boolean>
  /** Whether this window is the installed page. */
  installed: boolean
  install(): Promise<boolean>
  /** The worker of the page. Undefined: this browser, or this address, has none. */
  worker: Promise<ServiceWorkerRegistration | undefined>
  /** A number on the page's icon; 0 takes it away. */
  badge(count: number): void
}

interface InstallEvent extends Event { prompt(): Promise<{ outcome: 'accepted' | 'dismissed' }> }
interface TrustedScripts { createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string } }

const workerFile = './service-worker.js'

/** The page's rules name one policy, and this is all it ever lets through. */
function workerAddress(): string {
  const trusted = (globalThis as { trustedTypes?: TrustedScripts }).trustedTypes
  if (trusted === undefined) return workerFile
  return trusted.createPolicy('moltbot-worker', {
    createScriptURL(url) {
      if (url !== workerFile) throw new TypeError('Only the worker of this page.')
      return url
    },
  }).createScriptURL(workerFile)
}

async function registerWorker(): Promise<ServiceWorkerRegistration | undefined> {
  // Browsers give workers to https and to this machine only.
  if (!('serviceWorker' in navigator) || !isSecureContext) return undefined
  try {
    return await navigator.serviceWorker.register(workerAddress(), { scope: './' })
  } catch {
    // Forbidden by the browser's settings: the page works without.
    return undefined
  }
}

export function createCompanion(go: (hash: string) => void): Companion {
  const installable = signal(false)
  let offer: InstallEvent | undefined
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault()
    offer = event as InstallEvent
    installable.value = true
  })
  addEventListener('appinstalled', () => {
    offer = undefined
    installable.value = false
  })
  if ('serviceWorker' in navigator) {
    navigator.serviceWorker.addEventListener('message', (event: MessageEvent<unknown>) => {
      const data = event.data as { kind?: unknown; hash?: unknown } | null
      if (data?.kind === 'go' && typeof data.hash === 'string') go(data.hash)
    })
  }
  return {
    installable,
    installed: matchMedia('(display-mode: standalone)').matches,
    async install() {
      const { outcome } = (await offer?.prompt()) ?? { outcome: 'dismissed' }
      if (outcome === 'accepted') installable.value = false
      return outcome === 'accepted'
    },
    worker: registerWorker(),
    badge(count) {
      // Absent in most browsers' ordinary windows; refused where the person said no. Neither is worth a word.
      const set = count > 0 ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.()
      set?.catch(() => undefined)
    },
  }
}
