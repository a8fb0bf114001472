import { Problem } from '@moltbot/contract'
import type { Prompts } from '@moltbot/contract'

/** What flags say; each stands for one prompt. */
export interface OnboardFlags {
  start: boolean
  model?: string
  provider?: string
  key?: string
  channel?: string
  channelToken?: string
  message?: string
}

/** Where answers come from: a flag first, then the person, else nowhere (`prompts` undefined: nobody is asked). */
export interface Answers {
  flags: OnboardFlags
  prompts: Prompts | undefined
  /** Words to the person, also when nobody is asked. */
  say(text: string): void
  /** Shows that something runs; the returned function ends it with a sentence. */
  busy(message: string): (done: string) => void
}

/** Fails listing every flag that is missing to go through without questions. */
export function checkFlags(flags: OnboardFlags): void {
  const missing = [
    ...(flags.model === undefined && flags.provider === undefined ? ['--model (provider/model, or "keep"), or --provider with --key'] : []),
    ...(flags.provider !== undefined && flags.key === undefined ? ['--key for --provider'] : []),
    ...(flags.channel === undefined ? ['--channel (its id, or "none")'] : []),
  ]
  if (missing.length > 0) throw new Problem('usage', `Without questions, onboarding needs ${missing.join('; ')}.`, { next: 'See: moltbot onboard --help' })
}

/** What was asked, or an end without loss when the person gave up. */
export function answered<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Problem('interrupted', 'Stopped here. What was done so far stays.', { next: 'Go on at any time with: moltbot onboard' })
  return value
}
