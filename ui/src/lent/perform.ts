import { base64 } from '../own-files.ts'
import type { LentAsk, Lending } from '../lending.ts'
import { words } from '../wire.ts'

/** Why something did not come about, by the names of the wire. */
export class LentFailure extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.name = 'LentFailure'
    this.code = code
  }
}

/** The most of a file, as the gateway takes it. */
const fileBytesMax = 5_000_000
/** The most characters of a clipboard, as the gateway takes them. */
const clipboardMax = 100_000

export interface LentHands {
  lending: Lending
  /** The worker of the page; undefined: there is none. */
  worker: Promise<ServiceWorkerRegistration | undefined>
}

/** Does what was allowed, the camera aside. Only ever called after a yes. Rejects with `LentFailure`. */
export async function perform(ask: LentAsk, hands: LentHands, signal: AbortSignal): Promise<unknown> {
  switch (ask.command) {
    case 'location.get': return locate()
    case 'system.notify': return notify(words(ask.params['title']) ?? '', words(ask.params['body']) ?? '', hands.worker)
    case 'clipboard.read': {
      const text = await navigator.clipboard.readText().catch(refusedByBrowser)
      if (text.length > clipboardMax) throw new LentFailure('TOO_LARGE')
      return { text }
    }
    case 'clipboard.write':
      await navigator.clipboard.writeText(words(ask.params['text']) ?? '').catch(refusedByBrowser)
      return {}
    case 'file.pick': return pickFile(signal)
    case 'canvas.present': {
      const url = words(ask.params['url']) ?? ''
      // Only a place of this gateway's own, and only the one for such things.
      if (!/^canvas\/[A-Za-z0-9_%-]{1,120}$/.test(url)) throw new LentFailure('INVALID_REQUEST')
      hands.lending.shown.value = { title: words(ask.params['title']) ?? '', url: `./${url}` }
      return {}
    }
    default: return photograph(await openCamera(words(ask.params['facing'])))
  }
}

function refusedByBrowser(error: unknown): never {
  throw new LentFailure(error instanceof DOMException && error.name === 'NotAllowedError' ? 'PERMISSION_MISSING' : 'UNAVAILABLE')
}

function locate(): Promise<unknown> {
  return new Promise((resolve, reject) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords, timestamp }) => resolve({ lat: coords.latitude, lon: coords.longitude, accuracyMeters: coords.accuracy, ...(coords.altitude === null ? {} : { altitudeMeters: coords.altitude }), timestamp }),
      ({ code, PERMISSION_DENIED, TIMEOUT }) => reject(new LentFailure(code === PERMISSION_DENIED ? 'LOCATION_PERMISSION_REQUIRED' : code === TIMEOUT ? 'LOCATION_TIMEOUT' : 'LOCATION_UNAVAILABLE')),
      { enableHighAccuracy: false, timeout: 20_000, maximumAge: 60_000 },
    )
  })
}

async function notify(title: string, body: string, worker: LentHands['worker']): Promise<unknown> {
  if (Notification.permission !== 'granted' && (await Notification.requestPermission()) !== 'granted') throw new LentFailure('PERMISSION_MISSING')
  const registration = await worker
  try {
    if (registration === undefined) new Notification(title, { body })
    else await (await navigator.serviceWorker.ready).showNotification(title, { body, tag: `lent-${Date.now()}`, icon: './icon-192.png', badge: './badge-96.png', data: { place: './' } })
  } catch {
    throw new LentFailure('UNAVAILABLE')
  }
  return {}
}

/** Opens the browser's own window for a file. Closing it is a no. */
function pickFile(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const input = document.createElement('input')
    input.type = 'file'
    input.className = 'offscreen'
    input.tabIndex = -1
    input.setAttribute('aria-hidden', 'true')
    document.body.append(input)
    const end = (then: () => void): void => {
      input.remove()
      signal.removeEventListener('abort', aborted)
      then()
    }
    const aborted = (): void => end(() => reject(new LentFailure('TIMEOUT')))
    signal.addEventListener('abort', aborted, { once: true })
    input.addEventListener('cancel', () => end(() => reject(new LentFailure('UNAUTHORIZED'))))
    input.addEventListener('change', () => {
      const [file] = input.files ?? []
      if (file === undefined) return end(() => reject(new LentFailure('UNAUTHORIZED')))
      if (file.size > fileBytesMax || file.size === 0) return end(() => reject(new LentFailure(file.size === 0 ? 'UNAVAILABLE' : 'TOO_LARGE')))
      end(() => base64(file).then((data) => resolve({ name: file.name.slice(0, 255) || 'file', mimeType: file.type.slice(0, 255), base64: data }), () => reject(new LentFailure('UNAVAILABLE'))))
    })
    input.click()
  })
}

/** Rejects with `LentFailure`. Whoever opened it ends every track of it. */
export async function openCamera(facing: string | undefined): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1_600 }, ...(facing === undefined ? {} : { facingMode: facing === 'front' ? 'user' : 'environment' }) } })
  } catch (error) {
    throw new LentFailure(error instanceof DOMException && error.name === 'NotAllowedError' ? 'PERMISSION_MISSING' : 'CAMERA_DISABLED')
  }
}

export function endCamera(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}

/** One picture of what the camera sees; the camera is off afterwards. Rejects with `LentFailure`. */
export async function photograph(stream: MediaStream, playing?: HTMLVideoElement): Promise<unknown> {
  try {
    const video = playing ?? document.createElement('video')
    if (playing === undefined) {
      video.muted = true
      video.srcObject = stream
      await video.play()
    }
    const share = Math.min(1, 1_600 / Math.max(video.videoWidth, video.videoHeight))
    const canvas = document.createElement('canvas')
    canvas.width = Math.max(1, Math.round(video.videoWidth * share))
    canvas.height = Math.max(1, Math.round(video.videoHeight * share))
    canvas.getContext('2d')?.drawImage(video, 0, 0, canvas.width, canvas.height)
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.86))
    if (blob === null) throw new LentFailure('UNAVAILABLE')
    return { format: 'jpeg', base64: await base64(blob), width: canvas.width, height: canvas.height }
  } catch (error) {
    throw error instanceof LentFailure ? error : new LentFailure('UNAVAILABLE')
  } finally {
    endCamera(stream)
  }
}
