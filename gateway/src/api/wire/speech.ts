import { Problem } from '@moltbot/contract'
import type { Caller } from '../caller.ts'
import type { Rooms } from '../rooms.ts'

export interface SpeechFacts {
  auto: string
  voices: { id: string; label: string; detail: string; why: string | null }[]
  /** Who speaks now, else who is asked first. */
  active: string
  /** Everybody who may be chosen. */
  ids: readonly string[]
}

const labels: Readonly<Record<string, string>> = { openai: 'OpenAI', elevenlabs: 'ElevenLabs', local: 'This machine' }

/** Who speaks, as clients of the protocol ask for it. Rejects with `speech-absent` where nobody ever does. */
export async function speechOf({ speech }: Pick<Rooms, 'speech'>): Promise<SpeechFacts> {
  if (speech === undefined) throw new Problem('speech-absent', 'This gateway does not speak.')
  const found = await speech.voices()
  const voices = found.map((voice) => ({ ...voice, label: labels[voice.id] ?? voice.id }))
  return { auto: speech.auto(), voices, active: (voices.find(({ why }) => why === null) ?? voices[0])?.id ?? 'local', ids: Object.keys(labels) }
}

/** It decides to whom words of everybody go and what that costs. */
export function mayChangeSpeech({ principal }: Pick<Caller, 'principal'>): void {
  if (principal.role !== 'owner' && principal.role !== 'admin') throw new Problem('speech-provider', 'Only the owner chooses who speaks.')
}
