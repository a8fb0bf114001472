import { base64 } from './own-files.ts'
import { voiceText as say } from './voice-text.ts'
import type { OwnFile } from './unsent.ts'

/** What browsers call it; the page's own types do not know it. */
interface Recognition extends EventTarget {
  lang: string
  continuous: boolean
  interimResults: boolean
  start(): void
  stop(): void
}
interface Heard { resultIndex: number; results: ArrayLike<ArrayLike<{ transcript: string }> & { isFinal: boolean }> }

/** Undefined: this browser turns no speech into words. */
const recogniser = (): (new () => Recognition) | undefined => {
  const known = globalThis as { SpeechRecognition?: new () => Recognition; webkitSpeechRecognition?: new () => Recognition }
  return known.SpeechRecognition ?? known.webkitSpeechRecognition
}

export const canDictate = (): boolean => isSecureContext && recogniser() !== undefined
export const canRecord = (): boolean => isSecureContext && typeof MediaRecorder === 'function' && navigator.mediaDevices?.getUserMedia !== undefined

/** A note ends by itself after this long. */
export const noteMsMax = 300_000
const kinds = ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus', 'audio/mp4']

function whyNot(name: string): string {
  if (/not-?allowed|permission|service-not-allowed/i.test(name)) return say.refused
  return /notfound|audio-capture/i.test(name) ? say.none : say.failed
}

/** Listens until it is stopped, or the browser ends it. `onWords`: what is sure; `onGuess`: what may still change, '' for nothing. */
export function dictate(listener: { onWords(words: string): void; onGuess(words: string): void; onEnd(why: string | undefined): void }): () => void {
  const Recogniser = recogniser()
  if (Recogniser === undefined) {
    listener.onEnd(say.failed)
    return () => undefined
  }
  const ear = new Recogniser()
  Object.assign(ear, { lang: navigator.language, continuous: true, interimResults: true })
  let why: string | undefined
  ear.addEventListener('result', (event) => {
    const { resultIndex, results } = event as unknown as Heard
    let guess = ''
    for (let at = resultIndex; at < results.length; at += 1) {
      const words = results[at]?.[0]?.transcript.trim() ?? ''
      if (results[at]?.isFinal === true) listener.onWords(words)
      else guess = `${guess} ${words}`
    }
    listener.onGuess(guess.trim())
  })
  ear.addEventListener('error', (event) => {
    const { error } = event as unknown as { error: string }
    if (error !== 'no-speech' && error !== 'aborted') why = whyNot(error)
  })
  ear.addEventListener('end', () => listener.onEnd(why))
  ear.start()
  return () => ear.stop()
}

export interface Recording {
  /** Ends it; the note goes to `onNote`. */
  finish(): void
  /** Ends it; nothing is kept. */
  discard(): void
}

/** Records until it is ended. Rejects with why not, in words for a person. `onNote`: the note as it will be sent; undefined: nothing came of it. */
export async function record(onNote: (note: OwnFile | undefined) => void): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch((error: unknown) => {
    throw new Error(whyNot(error instanceof Error ? error.name : ''))
  })
  const mimeType = kinds.find((kind) => MediaRecorder.isTypeSupported(kind))
  const recorder = new MediaRecorder(stream, { audioBitsPerSecond: 32_000, ...(mimeType === undefined ? {} : { mimeType }) })
  const pieces: Blob[] = []
  let isWanted = true
  recorder.addEventListener('dataavailable', ({ data }) => pieces.push(data))
  recorder.addEventListener('stop', () => {
    // The sign that the microphone is open goes with this.
    for (const track of stream.getTracks()) track.stop()
    const type = (recorder.mimeType.split(';')[0] ?? '').replace('video/', 'audio/')
    const whole = new Blob(pieces, { type })
    if (!isWanted || whole.size === 0) return onNote(undefined)
    void base64(whole).then((data) => onNote({ kind: 'voice', mimeType: type, fileName: `voice.${type.slice(6)}`, data }), () => onNote(undefined))
  })
  recorder.start()
  const end = (): void => { if (recorder.state !== 'inactive') recorder.stop() }
  return {
    finish: end,
    discard() {
      isWanted = false
      end()
    },
  }
}
