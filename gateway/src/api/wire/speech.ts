import { Problem, type ChannelId } from '@moltbot/contract'
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

/** Has a text spoken for a caller, and stands in the record before it is handed out. Rejects with a `Problem`. */
export async function convertedBy({ text, channel }: { text: string; channel?: string }, rooms: Rooms, caller: Caller): Promise<{ audioPath: string; provider: string; outputFormat: string; voiceCompatible: boolean }> {
  if (rooms.speech === undefined) throw new Problem('speech-absent', 'This gateway does not speak.')
  const wanted = channel?.trim().toLowerCase()
  if (wanted !== undefined && !rooms.channels.some(({ id }) => id === wanted)) {
    throw new Problem('channel-unsupported', `unsupported channel: ${wanted}.`, { next: 'See channels.status for the channels of this gateway.' })
  }
  const { principal } = caller
  const { path, by, format, isVoice, chars } = await rooms.speech.convert(text, { principal, ...(wanted === undefined ? {} : { channel: wanted as ChannelId }) }, AbortSignal.any([caller.signal, caller.withdrawn]))
  await rooms.store.transaction((tx) => rooms.audit.append(tx, {
    act: 'file.spoken', principal: principal.id, subject: by, outcome: 'done', reason: 'asked for', facts: { characters: chars, format, ...(wanted === undefined ? {} : { channel: wanted }) },
  }))
  return { audioPath: path, provider: by, outputFormat: format, voiceCompatible: isVoice }
}
