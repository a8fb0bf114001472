/** Words made sound for a client that asked: whether it may, in which form, at whose expense, and where the sound lies then. */
import { defaultAccount, Problem, type AgentId, type Charge, type ChannelId, type SessionKey, type TurnId } from '@moltbot/contract'
import type { SpeechDoor } from './api/index.ts'
import { isElevated } from './elevated.ts'
import type { Connections } from './foundation/connections/types.ts'
import type { MadeSounds, Speech } from './foundation/media/index.ts'
import type { OutboxRoom } from './journey/outbox/index.ts'

/** No provider takes much more in one request. */
const charsMax = 4_000
/** A program of this machine takes a whole processor for one. */
const atOnceMax = 2

export interface SpeechOfClients {
  speech: Speech
  sounds: Pick<MadeSounds, 'keep'>
  outbox: Pick<OutboxRoom, 'spoken'>
  connections: Pick<Connections, 'of' | 'status'>
  /** The conversation of which what belongs to none is a part, and whose agent's it is. */
  main(): { agent: AgentId; session: SessionKey }
  /** Everything is paused or stopped. */
  held(): boolean
}

export function spokenForClients({ speech, sounds, outbox, connections, main, held }: SpeechOfClients): SpeechDoor {
  let converting = 0

  return {
    auto: () => speech.settings().auto,
    voices: () => speech.voices(),
    async convert(text, { principal, channel }, signal) {
      if (held()) throw new Problem('halt-held', 'Everything is held, and nothing is spoken.', { next: 'To go on: moltbot resume' })
      if (principal.role === 'guest' && !speech.settings().guests) throw new Problem('speech-guest', 'Guests are answered in text here.', { next: 'The owner can allow it with messages.tts.guests.' })
      const { text: spoken } = await outbox.spoken(text, charsMax)
      if (spoken === '') throw new Problem('speech-empty', 'There is nothing in it that could be said aloud.')
      if (converting >= atOnceMax) throw new Problem('speech-unavailable', `${atOnceMax} texts are being spoken already.`, { next: 'Ask again in a moment.' })
      converting += 1
      try {
        const account = connections.status().find((status) => status.channel === channel && connections.of(status) !== undefined)?.account ?? defaultAccount
        const wish = (channel === undefined ? undefined : connections.of({ channel, account })?.limits.files?.speech) ?? 'mp3'
        const charge: Charge = { ...main(), principal: principal.id, channel: channel ?? ('' as ChannelId), turn: '' as TurnId, privy: isElevated(principal) }
        const sound = await speech.speak(spoken, { wish, charge }, signal)
        const isOpus = sound.extension === 'ogg'
        return { path: await sounds.keep(sound), by: sound.by, format: isOpus ? 'opus' : sound.extension, isVoice: wish === 'opus' && isOpus, chars: spoken.length }
      } finally {
        converting -= 1
      }
    },
  }
}
