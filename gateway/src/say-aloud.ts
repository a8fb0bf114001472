/** Words as a voice note at the asking of a tool, which knows people by their ids. */
import { Problem } from '@moltbot/contract'
import type { GuardRoom } from './journey/guard/index.ts'
import type { createGrants } from './journey/sandbox/index.ts'
import type { VoiceDesk } from './voice-answers.ts'

export function sayAloud({ guard, voice }: { guard: Pick<GuardRoom, 'principal'>; voice: Pick<VoiceDesk, 'say'> }): NonNullable<Parameters<typeof createGrants>[0]['messaging']>['speak'] {
  return async (text, to, signal) => {
    const principal = await guard.principal(to.principal)
    if (principal === undefined) throw new Problem('person-unknown', 'Whoever asked is not known any more.')
    return voice.say(text, { ...to, principal }, signal)
  }
}
