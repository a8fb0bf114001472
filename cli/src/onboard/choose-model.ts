import { Problem, unreachable } from '@moltbot/contract'
import type { Machine, NewId } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields, asList, asText } from '../wire-fields.ts'
import type { Fields } from '../wire-fields.ts'
import { answered } from './answers.ts'
import type { Answers } from './answers.ts'
import { keyProviders } from './key-providers.ts'
import type { Link } from './link.ts'

/** At most so many models are offered in one list. */
const offeredMax = 14

/**
 * Settles which model answers: the one that does already, one found on this computer, one that has a key, or one whose key is
 * given now (kept in `secrets.env`). A newly chosen model proves itself with one real call; where it cannot, the person chooses
 * again and without a person it is a failure.
 */
export async function chooseModel(link: Link, answers: Answers, machine: Machine, newId: NewId): Promise<string> {
  let { model, provider, key } = answers.flags
  for (;;) {
    const current = await currentModel(link)
    const models = asList((await link.request('models.list'))['models'])
    const choice = await pick(answers, model, provider, current, models)
    switch (choice.kind) {
      case 'keep':
        answers.say(`${current.primary} answers.`)
        return current.primary
      case 'model':
        break
      case 'key': {
        const chosen = await addKey(link, answers, machine, choice.provider, key)
        if (chosen !== undefined) {
          choice.model = chosen
          break
        }
        if (answers.prompts === undefined) throw new Problem('model-missing', `The gateway lists no model of ${choice.provider}.`, { next: 'Look at: moltbot models list --all' })
        ;[model, provider, key] = [undefined, undefined, undefined]
        continue
      }
      default:
        unreachable(choice)
    }
    const failure = await setAndProve(link, answers, choice.model ?? '', newId)
    if (failure === undefined) return choice.model ?? ''
    if (current.primary !== choice.model) await link.request('models.set', { primary: current.primary })
    if (answers.prompts === undefined) throw new Problem('model-failed', `${choice.model ?? ''} did not answer: ${failure}`, { next: 'Check the key and the model, then run moltbot onboard again.' })
    answers.say(`${choice.model ?? ''} did not answer: ${failure}\n${current.primary} stays for now. Choose again.`)
    ;[model, provider, key] = [undefined, undefined, undefined]
  }
}

type Choice = { kind: 'keep' } | { kind: 'model'; model: string } | { kind: 'key'; provider: string; model?: string }

async function pick(answers: Answers, model: string | undefined, provider: string | undefined, current: { primary: string; why: string }, models: readonly Fields[]): Promise<Choice> {
  if (provider !== undefined) return { kind: 'key', provider, ...(model === undefined ? {} : { model }) }
  if (model === 'keep') return { kind: 'keep' }
  if (model !== undefined) return { kind: 'model', model }
  const { prompts } = answers
  if (prompts === undefined) return { kind: 'keep' }
  const usable = models.filter((row) => row['available'] !== false).map(nameOf).filter((name) => name !== current.primary)
  const chosen = answered(await prompts.select({
    message: 'Which model should answer?',
    initial: 'keep',
    options: [
      { value: 'keep', label: `Keep ${printableLine(current.primary)}`, hint: printableLine(current.primary.startsWith('builtin/') ? 'built in, no language model: notes, files, sums' : current.why) },
      ...usable.slice(0, offeredMax).map((name) => ({ value: `model:${name}`, label: printableLine(name), hint: 'ready' })),
      ...keyProviders.map(({ id, label }) => ({ value: `key:${id}`, label, hint: 'paste a key' })),
    ],
  }))
  if (chosen === 'keep') return { kind: 'keep' }
  return chosen.startsWith('key:') ? { kind: 'key', provider: chosen.slice(4) } : { kind: 'model', model: chosen.slice('model:'.length) }
}

/** Stores the key, waits until the gateway has it and chooses one of the provider's models. Undefined: the provider has none. */
async function addKey(link: Link, answers: Answers, machine: Machine, provider: string, given: string | undefined): Promise<string | undefined> {
  const known = keyProviders.find(({ id }) => id === provider)
  if (known === undefined) throw new Problem('usage', `No key can be added for "${provider}" here.`, { next: `Known are: ${keyProviders.map(({ id }) => id).join(', ')}. For others set models.providers.${provider} with: moltbot config set` })
  if (given === undefined) answers.say(`You get a key at ${known.page}`)
  const value = given ?? answered(await answers.prompts?.secret({ message: `Paste the key for ${known.label}`, check: checkSecret }))
  const wrong = checkSecret(value)
  if (wrong !== undefined) throw new Problem('usage', wrong, { next: 'Pass it with --key, or --key - to read it from standard input.' })
  await machine.writeSecret(known.name, value.trim())
  const done = answers.busy('Telling the gateway about the key…')
  const ofProvider = async (): Promise<Fields[]> => asList((await link.request('models.list'))['models']).filter((row) => row['provider'] === provider && row['available'] !== false)
  await link.untilSeen(async () => (await ofProvider()).length > 0)
  const names = (await ofProvider()).map(nameOf)
  done(names.length === 0 ? `The key is in secrets.env, but the gateway lists no model of ${known.label}.` : 'The key is in secrets.env; only you can read that file.')
  const wanted = answers.flags.model
  if (wanted !== undefined && wanted !== 'keep') return wanted.includes('/') ? wanted : `${provider}/${wanted}`
  if (answers.prompts === undefined || names.length <= 1) return names[0]
  return answered(await answers.prompts.select({ message: 'Which of its models?', options: names.slice(0, offeredMax).map((name) => ({ value: name, label: printableLine(name) })) }))
}

/** Undefined: it answered. Else why not, in words. */
async function setAndProve(link: Link, answers: Answers, model: string, newId: NewId): Promise<string | undefined> {
  await link.request('models.set', { primary: model })
  const done = answers.busy(`Asking ${model} for one word…`)
  const key = `agent:main:${newId('onboarding')}`
  try {
    const answer = await link.requestFinal('agent', { message: 'Answer with the one word: ready', sessionKey: key, idempotencyKey: newId('onboard'), timeout: 60, deliver: false }, 70_000)
    const result = asFields(answer['result'])
    const facts = asFields(asFields(result['meta'])['agentMeta'])
    const answeredBy = [asText(facts['provider']), asText(facts['model'])].filter((part) => part !== undefined).join('/')
    const text = asList(result['payloads']).map((payload) => asText(payload['text']) ?? '').join(' ')
    // Another model may have stood in; that proves nothing about this one.
    if (answeredBy !== '' && answeredBy !== model) {
      done(`${model} did not answer.`)
      return `${answeredBy} had to stand in for it.`
    }
    if (answer['status'] !== 'ok' || text === '') {
      done(`${model} did not answer.`)
      return text === '' ? 'The answer was empty.' : printableLine(text)
    }
    done(`${model} answers.`)
    return undefined
  } catch (error) {
    done(`${model} did not answer.`)
    if (error instanceof Problem) return error.explain()
    throw error
  } finally {
    await link.request('sessions.delete', { key }).catch(() => {
      // Only the rehearsal's own conversation; one too many in a list harms nobody.
    })
  }
}

async function currentModel(link: Link): Promise<{ primary: string; why: string }> {
  const status = await link.request('models.status')
  return { primary: asText(status['primary']) ?? 'unknown', why: asText(status['why']) ?? '' }
}

function nameOf(row: Fields): string {
  return `${asText(row['provider']) ?? '?'}/${asText(row['id']) ?? '?'}`
}

/** Why a text cannot be a key or token; undefined when it may be one. */
export function checkSecret(value: string): string | undefined {
  const text = value.trim()
  if (text.length < 8) return 'That is too short for a key.'
  return /\s/.test(text) ? 'A key has no spaces or line breaks.' : undefined
}
