import { signal, type ReadonlySignal } from '@preact/signals'

/** A voice of this device: with any other the words of an answer would go to somebody's servers. Undefined: there is none. */
function ownVoice(): SpeechSynthesisVoice | undefined {
  if (!('speechSynthesis' in globalThis)) return undefined
  const own = speechSynthesis.getVoices().filter((voice) => voice.localService)
  const spoken = navigator.language.slice(0, 2)
  return own.find((voice) => voice.lang.startsWith(spoken) && voice.default) ?? own.find((voice) => voice.lang.startsWith(spoken)) ?? own[0]
}

/** Reads answers aloud, one at a time. */
export interface Reader {
  /** False: this device has no voice of its own, so there is nothing to offer. */
  canRead: ReadonlySignal<boolean>
  /** Which answer is being read; '' for none. */
  reading: ReadonlySignal<string>
  /** Reads it from the beginning; whatever was being read ends. */
  read(id: string, markdown: string): void
  stop(): void
}

export function createReader(complain: (error: unknown) => void): Reader {
  const canRead = signal(ownVoice() !== undefined)
  const reading = signal('')
  let end = (): void => undefined
  // Browsers look for their voices only when they are asked the first time.
  if ('speechSynthesis' in globalThis) speechSynthesis.addEventListener?.('voiceschanged', () => (canRead.value = ownVoice() !== undefined))
  const stop = (): void => {
    reading.value = ''
    end()
    end = () => undefined
  }
  return {
    canRead, reading, stop,
    read(id, markdown) {
      stop()
      const voice = ownVoice()
      if (voice === undefined) return
      reading.value = id
      void import('./read-aloud.ts').then(({ readAloud }) => {
        // Meanwhile somebody may have stopped it, or begun another one.
        if (reading.value !== id) return
        end = readAloud(markdown, voice, () => {
          if (reading.value === id) reading.value = ''
        })
      }).catch((error: unknown) => {
        if (reading.value === id) reading.value = ''
        complain(error)
      })
    },
  }
}
