import type { ComponentChildren, VNode } from 'preact'
import { useId, useState } from 'preact/hooks'
import { explainFailure } from '../explain-failure.ts'
import type { Stage } from '../stage.ts'
import { fields, list, readModels, words, type ModelChoice } from '../wire.ts'
import { isBuiltin } from '../words.ts'
import { keyProviders } from './key-providers.ts'
import type { Progress } from './onboarding-progress.ts'
import { onboardingText as say } from './onboarding-text.ts'
import { useAnswer } from './pieces.tsx'
import { proveModel } from './prove-model.ts'
import { ProviderSignIn, type Way } from './provider-sign-in.tsx'

type Choice = 'keep' | 'ready' | 'key' | 'sign-in'
type Doing =
  | { kind: 'nothing' }
  | { kind: 'waiting'; words: string }
  | { kind: 'failed'; words: string }
  /** The provider has several and the gateway prefers none of them. `sealed`: the key that was given for it a moment ago. */
  | { kind: 'which'; provider: string; models: ModelChoice[]; sealed: string | undefined }

interface Provider { id: string; ways: Way[]; needsYou: boolean }

function readProviders(payload: unknown): Provider[] {
  return list(fields(payload)['providers']).flatMap((value) => {
    const raw = fields(value)
    const id = words(raw['provider'])
    return id === undefined ? [] : [{
      id, ways: list(raw['ways']).filter((way) => way === 'device' || way === 'browser'),
      needsYou: list(raw['profiles']).some((profile) => fields(profile)['state'] === 'needs-you'),
    }]
  })
}

/** The gateway takes a new key over by itself, but not within the same moment. */
const lookMs = 400
const looks = 20

/** The models of a provider that has just got what it needs, the one the gateway would choose by itself alone if it would. */
async function modelsOf(stage: Stage, provider: string): Promise<ModelChoice[]> {
  for (let look = 0; look < looks; look += 1) {
    if (look > 0) await new Promise((resolve) => setTimeout(resolve, lookMs))
    const found = readModels(await stage.desk.ask('models.list', {})).filter((model) => model.provider === provider && model.available)
    const preferred = words(fields(await stage.desk.ask('models.status', {}))['primary'])
    const chosen = found.filter(({ id }) => id === preferred)
    if (found.length > 0) return chosen.length > 0 ? chosen : found
  }
  return []
}

function wrongKey(value: string): string | undefined {
  if (value.trim().length < 8) return say.keyShort
  return /\s/.test(value.trim()) ? say.keySpaces : undefined
}

function Card(props: { name: string; value: Choice; chosen: Choice; disabled: boolean; title: string; hint: string; onChoose: (value: Choice) => void; children?: ComponentChildren }): VNode {
  const id = useId()
  const isChosen = props.chosen === props.value
  return (
    <div class={`setup-card${isChosen ? ' chosen' : ''}`}>
      <label>
        <input type="radio" name={props.name} value={props.value} checked={isChosen} disabled={props.disabled} aria-describedby={id} onChange={() => props.onChoose(props.value)} />
        <span class="item-title">{props.title}</span>
      </label>
      <p class="quiet" id={id}>{props.hint}</p>
      {isChosen ? props.children : null}
    </div>
  )
}

/** Which model answers: one that is ready, a key, a sign-in, or none for now. What is chosen proves itself with one real call before it counts. */
export function ModelStep(props: { stage: Stage; progress: Progress; onOpen: (open: boolean) => void; onGoOn: () => void }): VNode {
  const { stage, progress } = props
  const { desk } = stage
  const name = useId()
  const credentials = useAnswer(stage, 'models.authStatus', {}, readProviders)
  const providers = credentials.answer.kind === 'ready' ? credentials.answer.value : []
  const models = desk.models.value
  const ready = models.filter(({ id, available }) => available && id !== progress.primary && !isBuiltin(id))
  const [chosen, setChosen] = useState<Choice | undefined>(undefined)
  const choice = chosen ?? (progress.model ? 'keep' : ready.length > 0 ? 'ready' : 'key')
  const [doing, setDoing] = useState<Doing>({ kind: 'nothing' })
  const [model, setModel] = useState('')
  const [provider, setProvider] = useState('')
  const [key, setKey] = useState('')
  const isBusy = doing.kind === 'waiting'

  const missing = (id: string): boolean => !models.some((one) => one.provider === id && one.available) || providers.some((one) => one.id === id && one.needsYou)
  const known = keyProviders.filter(({ id }) => missing(id))
  const others = [...new Set([...models.map((one) => one.provider), ...providers.map(({ id }) => id)])].filter((id) => id !== 'builtin' && missing(id) && !known.some((one) => one.id === id)).toSorted()
  const keyable: { id: string; label: string; page?: string }[] = [...known, ...others.map((id) => ({ id, label: id }))]
  const signable = providers.filter(({ ways }) => ways.length > 0)
  const keyFor = keyable.find(({ id }) => id === provider) ?? keyable[0]
  const signInWith = signable.find(({ id }) => id === provider) ?? signable[0]
  const useModel = ready.find(({ id }) => id === model) ?? ready[0]

  const choose = (next: Choice): void => {
    setChosen(next)
    setDoing({ kind: 'nothing' })
    props.onOpen(next !== 'keep' || !progress.model)
  }
  const run = (task: () => Promise<Doing>): void => {
    if (isBusy) return
    void task().then(setDoing, (error: unknown) => {
      const { reason, next } = explainFailure(error)
      setDoing({ kind: 'failed', words: next === undefined ? reason : `${reason} ${next}` })
    }).finally(() => {
      desk.lookAtModels()
      credentials.again()
      progress.again()
    })
  }
  const forget = async (id: string, sealed: string | undefined): Promise<void> => {
    if (sealed !== undefined) await desk.ask('models.authLogout', { provider: id, profile: sealed })
  }
  const prove = async (id: string, sealed?: string): Promise<Doing> => {
    setDoing({ kind: 'waiting', words: say.asking(id) })
    const failure = await proveModel(desk, id)
    if (failure !== undefined) {
      await forget(id.split('/')[0] ?? '', sealed)
      return { kind: 'failed', words: `${say.noAnswer(id, failure)} ${sealed === undefined ? say.notChosen : say.notKept}` }
    }
    await desk.ask('models.set', { primary: id })
    stage.setup.choose(false)
    setKey('')
    setChosen('keep')
    props.onOpen(false)
    desk.say('plain', say.answers(id))
    return { kind: 'nothing' }
  }
  const settle = async (id: string, sealed?: string): Promise<Doing> => {
    const found = await modelsOf(stage, id)
    const [first] = found
    if (first === undefined) {
      await forget(id, sealed)
      return { kind: 'failed', words: `${say.noModels(id)} ${sealed === undefined ? say.notChosen : say.notKept}` }
    }
    if (found.length === 1) return prove(first.id, sealed)
    setModel(first.id)
    return { kind: 'which', provider: id, models: found, sealed }
  }
  const stayBuiltin = (): void => run(async () => {
    // What was set and cannot answer would stay in its way.
    if (!isBuiltin(progress.primary)) await desk.ask('models.set', { primary: models.find(({ id }) => isBuiltin(id))?.id ?? 'builtin/assistant' })
    stage.setup.choose(true)
    props.onGoOn()
    return { kind: 'nothing' }
  })
  const sealKey = (id: string): void => {
    const wrong = wrongKey(key)
    if (wrong !== undefined) return setDoing({ kind: 'failed', words: wrong })
    run(async () => {
      setDoing({ kind: 'waiting', words: say.keySealing(id) })
      const added = fields(await desk.ask('models.auth.add', { provider: id, kind: 'api-key', value: key.trim() }))
      const profile = words(added['profile']) ?? 'default'
      return settle(id, profile.startsWith(`${id}:`) ? profile.slice(id.length + 1) : profile)
    })
  }

  const said = (
    <>
      <p role="status">{doing.kind === 'waiting' ? doing.words : ''}</p>
      {doing.kind === 'failed' ? <p class="bad-words" role="alert">{doing.words}</p> : null}
    </>
  )
  const pick = (label: string, value: string, options: readonly { id: string; label: string }[], onPick: (id: string) => void): VNode => (
    <label class="field"><span>{label}</span>
      <select value={value} disabled={isBusy} onChange={(event) => onPick(event.currentTarget.value)}>
        {options.map((option) => <option key={option.id} value={option.id}>{option.label}</option>)}
      </select>
    </label>
  )
  const card = (value: Choice, title: string, hint: string, body?: ComponentChildren): VNode => (
    <Card key={value} name={name} value={value} chosen={choice} disabled={isBusy} title={title} hint={hint} onChoose={choose}>{body}</Card>
  )
  if (doing.kind === 'which') {
    const { sealed } = doing
    return (
      <form class="setup-form" onSubmit={(event) => {
        event.preventDefault()
        run(() => prove(model, sealed))
      }}>
        {pick(say.whichModel(doing.provider), model, doing.models.map(({ id }) => ({ id, label: id })), setModel)}
        <button type="submit" class="button small primary">{say.use}</button>
      </form>
    )
  }
  const keep = progress.model
    ? isBuiltin(progress.primary) ? card('keep', say.keepBuiltin, say.keptBuiltin) : card('keep', say.keep(progress.primary), progress.why)
    : card('keep', say.keepBuiltin, say.keepBuiltinHint, (
      <div class="setup-form">
        <button type="button" class="button small primary" aria-disabled={isBusy} onClick={stayBuiltin}>{say.stayBuiltin}</button>
        {said}
      </div>
    ))
  return (
    <>
      <p>{progress.primary === '' || isBuiltin(progress.primary) ? say.builtinNow : say.modelNow(progress.primary)}</p>
      <div class="setup-cards" role="radiogroup" aria-label={say.modelAsk}>
        {progress.model ? keep : null}
        {card('ready', say.ready, ready.length === 0 ? say.readyNone : say.readyHint(ready.length), (
          <form class="setup-form" onSubmit={(event) => {
            event.preventDefault()
            if (useModel !== undefined) run(() => prove(useModel.id))
          }}>
            {useModel === undefined ? null : pick(say.model, useModel.id, ready.map(({ id }) => ({ id, label: id })), setModel)}
            {useModel === undefined
              ? <button type="button" class="button small" onClick={desk.lookAtModels}>{say.lookAgain}</button>
              : <button type="submit" class="button small primary" aria-disabled={isBusy}>{say.use}</button>}
            {said}
          </form>
        ))}
        {keyFor === undefined || !desk.can('models.auth.add') ? null : card('key', say.key, say.keyHint, (
          <form class="setup-form" onSubmit={(event) => {
            event.preventDefault()
            sealKey(keyFor.id)
          }}>
            {pick(say.provider, keyFor.id, keyable, setProvider)}
            {keyFor.page === undefined ? null : <p class="quiet">{say.keyFrom} <a href={keyFor.page} target="_blank" rel="noopener noreferrer">{new URL(keyFor.page).host}</a></p>}
            <label class="field"><span>{say.keyValue}</span>
              <input type="password" autocomplete="off" spellcheck={false} value={key} onInput={(event) => setKey(event.currentTarget.value)} />
            </label>
            <button type="submit" class="button small primary" disabled={key.trim() === ''} aria-disabled={isBusy}>{say.keyTry}</button>
            {said}
          </form>
        ))}
        {signInWith === undefined || !desk.can('models.auth.start') ? null : card('sign-in', say.signIn, say.signInHint, (
          <div class="setup-form">
            {signable.length > 1 ? pick(say.provider, signInWith.id, signable.map(({ id }) => ({ id, label: id })), setProvider) : null}
            {isBusy ? null : (
              <ProviderSignIn key={signInWith.id} stage={stage} provider={signInWith.id} ways={signInWith.ways} onDone={() => run(() => settle(signInWith.id))} onClose={() => choose(progress.model ? 'keep' : 'key')} />
            )}
            {said}
          </div>
        ))}
        {progress.model ? null : keep}
      </div>
      <p class="quiet">{say.moreModels} <button type="button" class="link" onClick={() => stage.place.enter('agents')}>{say.openAgents}</button></p>
    </>
  )
}
