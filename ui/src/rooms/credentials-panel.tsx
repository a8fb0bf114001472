import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import '../styles/credentials.css'
import type { Stage } from '../stage.ts'
import { fields, list, words } from '../wire.ts'
import { credentialsText as say } from './credentials-text.ts'
import { since as ago, when } from './measures.ts'
import { AnswerPanel, Item, Sure, useAct, useAnswer } from './pieces.tsx'
import { ProviderSignIn, type Way } from './provider-sign-in.tsx'

interface Credential {
  /** Without the provider's name. */
  name: string
  kind: string
  from: string
  account: string | undefined
  state: string
  reason: string | undefined
  next: string | undefined
  renews: boolean
  expiresAt: number | undefined
  usedAt: number | undefined
  since: number | undefined
}
interface Provider { id: string; ways: Way[]; credentials: Credential[] }

function readProviders(payload: unknown): Provider[] {
  const time = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
  return list(fields(payload)['providers']).flatMap((value) => {
    const raw = fields(value)
    const id = words(raw['provider'])
    if (id === undefined) return []
    const credentials = list(raw['profiles']).flatMap((one): Credential[] => {
      const row = fields(one)
      const profile = words(row['profile'])
      return profile === undefined ? [] : [{
        name: profile.startsWith(`${id}:`) ? profile.slice(id.length + 1) : profile, kind: words(row['kind']) ?? 'api-key', from: words(row['from']) ?? 'vault', account: words(row['account']), state: words(row['state']) ?? 'ready',
        reason: words(row['reason']), next: words(row['next']), renews: row['renews'] === true, expiresAt: time(row['expiresAtMs']), usedAt: time(row['lastUsedAtMs']), since: time(row['sinceMs']),
      }]
    })
    return [{ id, credentials, ways: list(raw['ways']).filter((way) => way === 'device' || way === 'browser') }]
  })
}

/** What is known of it, in words between dots. */
function factsOf({ name, kind, from, account, renews, expiresAt, usedAt, since }: Credential, now: number): string {
  return [
    say.kinds[kind] ?? kind, say.from[from], account === name ? undefined : account,
    since === undefined ? undefined : say.since[kind]?.(ago(since, now)), usedAt === undefined ? undefined : say.used(ago(usedAt, now)),
    renews ? say.renews : expiresAt === undefined ? undefined : expiresAt > now ? say.ends(when(expiresAt)) : say.ended(when(expiresAt)),
  ].filter((part) => part !== undefined).join(' · ')
}

/** What stands open under a provider: somebody signs in, as `profile` if that is one that was there before, or types a key. */
type Open = { provider: string; kind: 'sign-in'; profile?: string } | { provider: string; kind: 'key' }

function KeyForm(props: { stage: Stage; provider: string; again: () => void; onClose: () => void }): VNode {
  const [value, setValue] = useState('')
  const [name, setName] = useState('')
  const { busy, act } = useAct(props.stage)
  return (
    <form class="sign-in inset" aria-label={say.addTo(props.provider)} onSubmit={(event) => {
      event.preventDefault()
      if (value.trim() === '') return
      act(async () => {
        const added = fields(await props.stage.desk.ask('models.auth.add', { provider: props.provider, kind: 'api-key', value: value.trim(), ...(name.trim() === '' ? {} : { profile: name.trim() }) }))
        props.again()
        props.onClose()
        return say.added(words(added['profile']) ?? props.provider)
      })
    }}>
      <label class="field"><span>{say.keyValue}</span>
        <input type="password" autocomplete="off" spellcheck={false} value={value} onInput={(event) => setValue(event.currentTarget.value)} />
      </label>
      <label class="field"><span>{say.keyName}</span>
        <input type="text" autocomplete="off" spellcheck={false} maxLength={100} placeholder="default" value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <p class="quiet">{say.keyNameHint}</p>
      <div class="item-tools">
        <button type="submit" class="button small primary" disabled={value.trim() === ''} aria-disabled={busy}>{say.keep}</button>
        <button type="button" class="button small" onClick={props.onClose}>{say.close}</button>
      </div>
    </form>
  )
}

function CredentialItem(props: { stage: Stage; provider: Provider; credential: Credential; onSignIn: () => void; again: () => void }): VNode {
  const { stage, provider, credential } = props
  const { desk } = stage
  const { busy, act } = useAct(stage)
  const { name, kind, state } = credential
  const isSignIn = kind === 'oauth'
  const waits = state === 'needs-you'
  const again = waits && isSignIn && provider.ways.length > 0 && desk.can('models.auth.start')
  const forget = (): void => act(async () => {
    const { revoked } = fields(await desk.ask('models.authLogout', { provider: provider.id, profile: name }, 60_000))
    props.again()
    return revoked === true ? say.goneThere(name) : revoked === false ? say.goneAlone(name) : say.gone(name)
  })
  return (
    <Item
      icon="key" {...(waits ? { tone: 'bad' as const } : state === 'ready' ? { tone: 'good' as const } : {})}
      title={<><bdi>{name}</bdi><span class={`tag ${waits ? 'bad' : ''}`}>{say.states[state] ?? state}</span></>}
      detail={(
        <>
          {factsOf(credential, Date.now())}
          {state === 'left-out' ? ` · ${say.leftOut}` : ''}
          {waits ? <span class="bad-words credential-why">{credential.reason}{again ? '' : ` ${credential.next ?? ''}`}</span> : null}
        </>
      )}
    >
      {again ? (
        <button type="button" class="button small primary" onClick={props.onSignIn}>
          <span aria-hidden="true">{say.again}</span><span class="offscreen">{say.againAs(name)}</span>
        </button>
      ) : null}
      {credential.from === 'vault' && desk.can('models.authLogout') ? (
        <Sure label={isSignIn ? say.signOut : say.forget} name={isSignIn ? say.signOutOf(name) : say.forgetNamed(name)} ask={isSignIn ? say.signOutAsk : say.forgetAsk} busy={busy} onYes={forget} />
      ) : null}
    </Item>
  )
}

/** The keys and sign-ins of the model providers: what there is and how it stands, and every way to get or lose one. */
export function CredentialsPanel(props: { stage: Stage; onChange: () => void }): VNode | null {
  const { stage } = props
  const { desk } = stage
  const { answer, again } = useAnswer(stage, 'models.authStatus', {}, readProviders)
  const [open, setOpen] = useState<Open | undefined>(undefined)
  const [wanted, setWanted] = useState<string | undefined>(undefined)
  const changed = (): void => {
    again()
    props.onChange()
  }
  const drawProvider = (provider: Provider): VNode => {
    const { id, ways, credentials } = provider
    const opened = open?.provider === id ? open : undefined
    const close = (): void => setOpen(undefined)
    return (
      <section key={id} class="credentials-of" aria-label={id}>
        <div class="panel-head">
          <h3>{id}</h3>
          <span class="grow" />
          {ways.length > 0 && opened === undefined && desk.can('models.auth.start') ? (
            <button type="button" class="button small" aria-label={say.signInWith(id)} onClick={() => setOpen({ provider: id, kind: 'sign-in' })}>{say.signIn}</button>
          ) : null}
          {opened === undefined && desk.can('models.auth.add') ? (
            <button type="button" class="button small" aria-label={say.addTo(id)} onClick={() => setOpen({ provider: id, kind: 'key' })}>{say.add}</button>
          ) : null}
        </div>
        {credentials.length === 0 && opened === undefined ? <p class="quiet">{say.noneOf}</p> : null}
        {credentials.length === 0 ? null : (
          <ul class="items">
            {credentials.map((credential) => (
              <CredentialItem key={credential.name} stage={stage} provider={provider} credential={credential} again={changed} onSignIn={() => setOpen({ provider: id, kind: 'sign-in', profile: credential.name })} />
            ))}
          </ul>
        )}
        {opened?.kind === 'sign-in' ? (
          <ProviderSignIn
            key={opened.profile ?? ''} stage={stage} provider={id} ways={ways} onClose={close} {...(opened.profile === undefined ? {} : { profile: opened.profile })}
            onDone={() => {
              close()
              changed()
            }}
          />
        ) : null}
        {opened?.kind === 'key' ? <KeyForm stage={stage} provider={id} again={changed} onClose={close} /> : null}
      </section>
    )
  }
  return (
    <AnswerPanel
      title={say.title} hint={say.hint} wide answer={answer} again={again}
      count={(providers) => providers.flatMap(({ credentials }) => credentials).filter(({ state }) => state === 'needs-you').length}
    >
      {(known) => {
        const others = [...new Set(desk.models.value.map(({ provider }) => provider))].filter((id) => id !== 'builtin' && !known.some((provider) => provider.id === id)).toSorted()
        const providers: Provider[] = wanted === undefined || !others.includes(wanted) ? known : [...known, { id: wanted, ways: [], credentials: [] }]
        return (
          <>
            {providers.length === 0 ? <p class="quiet">{say.none}</p> : providers.map(drawProvider)}
            {others.length > 0 && desk.can('models.auth.add') ? (
              <select
                class="credentials-other" aria-label={say.another} value=""
                onChange={({ currentTarget }) => {
                  setWanted(currentTarget.value)
                  setOpen({ provider: currentTarget.value, kind: 'key' })
                  currentTarget.value = ''
                }}
              >
                <option value="">{say.another}…</option>
                {others.map((id) => <option key={id} value={id}>{id}</option>)}
              </select>
            ) : null}
          </>
        )
      }}
    </AnswerPanel>
  )
}
