import { useEffect, useRef } from 'preact/hooks'
import type { Stage } from '../stage.ts'
import { fields, list, textOf, words } from '../wire.ts'
import { isBuiltin } from '../words.ts'
import { readNetworks, type Network } from './networks.ts'
import { useAnswer } from './pieces.tsx'

/** A messenger that is connected, as the gateway tells it. */
export interface Connected { channel: string; label: string; detail: string }

/** How far setting up has come, by what the gateway says now; nothing of it is kept anywhere else but that the built-in assistant is enough. */
export interface Progress {
  /** False until the gateway said enough to tell. */
  known: boolean
  /** `provider/model` that answers; '' while unknown. */
  primary: string
  /** Why it is that one, in the gateway's words. */
  why: string
  networks: Network[]
  connected: Connected | undefined
  /** The owner on a messenger, where somebody is. */
  owner: { name: string; channel: string } | undefined
  /** One answers, and that it is this one is settled. */
  model: boolean
  chat: boolean
  message: boolean
  /** Asks the gateway anew. */
  again(): void
}

/** The conversation in which a model proves itself; it is removed afterwards and counts for nothing. */
export const rehearsalName = 'onboarding-'

function readStatus(payload: unknown): { primary: string; why: string; available: boolean } {
  const raw = fields(payload)
  const primary = words(raw['primary']) ?? ''
  const provider = list(raw['providers']).map(fields).find((row) => row['id'] === primary.split('/')[0])
  return { primary, why: words(raw['why']) ?? '', available: provider === undefined || provider['available'] !== false }
}

/** Every place on a messenger where an owner is known. */
function readOwners(payload: unknown): { name: string; channel: string }[] {
  return list(fields(payload)['people']).map(fields).filter((person) => person['role'] === 'owner').flatMap((person) => list(person['senders']).map((value) => {
    const sender = fields(value)
    return { name: words(person['name']) ?? words(sender['sender']) ?? '', channel: words(sender['channel']) ?? '' }
  }))
}

export function useProgress(stage: Stage): Progress {
  const { desk } = stage
  const status = useAnswer(stage, 'models.status', {}, readStatus)
  const people = useAnswer(stage, 'principals.list', {}, readOwners)
  const catalog = useAnswer(stage, 'channels.catalog', {}, readNetworks)
  const again = (): void => {
    status.again()
    people.again()
    catalog.again()
  }
  // What the page hears of meanwhile, also from other browsers and the terminal.
  const heard = JSON.stringify([desk.defaultModel.value, desk.channels.value, desk.pairing.value.length])
  const before = useRef(heard)
  useEffect(() => {
    if (before.current !== heard) again()
    before.current = heard
  }, [heard])

  const transcript = desk.transcript.value
  const networks = catalog.answer.kind === 'ready' ? catalog.answer.value : []
  const ids = new Set(networks.map(({ id }) => id))
  const connected = desk.channels.value.find(({ channel, state }) => state === 'connected' && ids.has(channel))
  const now = status.answer.kind === 'ready' ? status.answer.value : { primary: '', why: '', available: false }
  const owner = people.answer.kind === 'ready' ? people.answer.value.find(({ channel }) => ids.has(channel)) : undefined
  const isAsked = [status, people, catalog].every(({ answer }) => answer.kind !== 'loading')
  return {
    known: isAsked && desk.sessionsLoaded.value && transcript.load.kind !== 'never' && transcript.load.kind !== 'loading',
    primary: now.primary, why: now.why, networks, connected, owner, again,
    model: now.primary !== '' && now.available && (!isBuiltin(now.primary) || stage.setup.staysBuiltin.value),
    chat: connected !== undefined && owner !== undefined,
    message: transcript.messages.some((message) => message.role === 'assistant' && message.error === undefined && textOf(message.blocks) !== '')
      || desk.sessions.value.some((row) => row.key !== desk.sessionKey.value && row.preview !== undefined && !row.running && !row.key.includes(`:${rehearsalName}`)),
  }
}
