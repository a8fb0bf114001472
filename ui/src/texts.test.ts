import { expect, it } from 'vitest'
import { agentsTexts } from './rooms/agents-text.ts'
import { automationsTexts } from './rooms/automations-text.ts'
import { credentialsTexts } from './rooms/credentials-text.ts'
import { channelsTexts } from './rooms/channels-text.ts'
import { deviceTexts } from './rooms/device-text.ts'
import { logsTexts } from './rooms/logs-text.ts'
import { onboardingTexts } from './rooms/onboarding-text.ts'
import { settingsTexts } from './rooms/settings-text.ts'
import { secondFactorTexts } from './rooms/second-factor-text.ts'
import { roomTexts } from './rooms/text.ts'
import { usageTexts } from './rooms/usage-text.ts'
import { ownFilesTexts } from './own-files-text.ts'
import { lentTexts } from './lent/lent-text.ts'
import { texts } from './text.ts'
import { voiceTexts } from './voice-text.ts'

/** Every place where something is said, with how many things vary in it. */
function places(value: unknown, path = ''): string[] {
  if (typeof value === 'function') return [`${path}(${value.length})`]
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, inner]) => places(inner, `${path}.${key}`))
}

for (const [name, { english, german }] of Object.entries({ page: texts, rooms: roomTexts, settings: settingsTexts, channels: channelsTexts, agents: agentsTexts, credentials: credentialsTexts, logs: logsTexts, device: deviceTexts, 'second factor': secondFactorTexts, 'usage': usageTexts, automations: automationsTexts, files: ownFilesTexts, voice: voiceTexts, lent: lentTexts, onboarding: onboardingTexts })) {
  it(`the German of the ${name} says everything the English does, and nothing else`, () => {
    expect(places(german).toSorted()).toEqual(places(english).toSorted())
    const empty = Object.entries(german).filter(([, words]) => typeof words === 'string' && words.trim() === '').map(([key]) => key)
    expect(empty).toEqual([])
  })
}
