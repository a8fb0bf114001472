import { Problem } from '@moltbot/contract'
import type { SessionSettings } from '../../journey/sessions/types.ts'
import type { Rooms } from '../rooms.ts'
import { thinkingOf } from './chat-send.ts'

export type SessionChanges = { [Name in keyof SessionSettings]?: SessionSettings[Name] | null }

/** A value as clients send it: absent leaves the setting, null (or an empty text) clears it. */
type Given = string | null | undefined

/** What a client may set on a session, checked. Throws `Problem('setting-invalid')`, `Problem('model-unknown')`. */
export function sessionChanges(
  rooms: Pick<Rooms, 'models'>,
  given: { label?: Given; thinkingLevel?: Given; verboseLevel?: Given; reasoningLevel?: Given; responseUsage?: Given; model?: Given; sendPolicy?: Given; groupActivation?: Given; queueMode?: Given },
): SessionChanges {
  const changes: SessionChanges = {}
  if (given.label !== undefined) changes.label = clearable(given.label, (label) => {
    if (label.length > 512) throw invalid('label', 'at most 512 characters')
    return label
  })
  if (given.thinkingLevel !== undefined) changes.thinking = clearable(given.thinkingLevel, thinkingOf)
  if (given.verboseLevel !== undefined) changes.verboseLevel = clearable(given.verboseLevel, (level) => oneOf('verboseLevel', level, ['off', 'on', 'full']))
  if (given.reasoningLevel !== undefined) changes.reasoningLevel = clearable(given.reasoningLevel, (level) => oneOf('reasoningLevel', level, ['off', 'on', 'stream']))
  if (given.responseUsage !== undefined) {
    changes.usageFooter = clearable(given.responseUsage, (mode) => (mode === 'on' ? 'tokens' : oneOf('responseUsage', mode, ['off', 'tokens', 'full'])))
  }
  if (given.sendPolicy !== undefined) changes.sendPolicy = clearable(given.sendPolicy, (policy) => oneOf('sendPolicy', policy, ['allow', 'deny']))
  if (given.groupActivation !== undefined) changes.groupActivation = clearable(given.groupActivation, (mode) => oneOf('groupActivation', mode, ['mention', 'always']))
  if (given.queueMode !== undefined) changes.queue = clearable(given.queueMode, (mode) => oneOf('queueMode', mode, ['steer', 'followup', 'collect', 'interrupt']))
  if (given.model !== undefined) changes.model = clearable(given.model, (name) => {
    if (name === 'default') return null
    const model = rooms.models.resolve(name)
    if (model === undefined) throw new Problem('model-unknown', `unknown model: ${name}.`, { next: 'See models.list for the models of this gateway.' })
    return model
  })
  return changes
}

function clearable<Value>(given: string | null, read: (given: string) => Value): Value | null {
  const text = given?.trim() ?? ''
  return text === '' ? null : read(text)
}

function oneOf<const Allowed extends string>(name: string, given: string, allowed: readonly Allowed[]): Allowed {
  const found = allowed.find((one) => one === given.toLowerCase())
  if (found === undefined) throw invalid(name, `use ${allowed.join('|')}`)
  return found
}

function invalid(name: string, how: string): Problem {
  return new Problem('setting-invalid', `invalid ${name} (${how})`)
}
