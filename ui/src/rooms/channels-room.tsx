import type { VNode } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import '../styles/channels.css'
import { Icon } from '../components/icon.tsx'
import type { Stage } from '../stage.ts'
import { fields, list, words } from '../wire.ts'
import { channelsText as say } from './channels-text.ts'
import type { Tree } from './config-form.ts'
import { since } from './measures.ts'
import { forgetTokens, patchNetwork, readNetworks, type Network } from './networks.ts'
import { PhoneLogin } from './phone-login.tsx'
import { AnswerPanel, Sure, useAct, useAnswer } from './pieces.tsx'
import { TokenForm } from './token-form.tsx'

interface Login {
  channel: string; account: string; label: string; state: string; detail: string; heard: number | undefined; sent: number | undefined
  probe: { ok: boolean; words: string; ms: number } | undefined
}

function readLogins(payload: unknown): Login[] {
  const raw = fields(payload)
  const labels = fields(raw['channelLabels'])
  const at = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
  return list(raw['channelOrder']).filter((id) => typeof id === 'string').flatMap((channel) => list(fields(raw['channelAccounts'])[channel]).map((value) => {
    const row = fields(value)
    const probe = fields(row['probe'])
    return {
      channel, account: words(row['accountId']) ?? 'default', label: words(labels[channel]) ?? channel, state: words(row['state']) ?? 'off', detail: words(row['detail']) ?? '',
      heard: at(row['lastInboundAt']), sent: at(row['lastOutboundAt']),
      probe: typeof probe['ok'] === 'boolean' ? { ok: probe['ok'], words: words(probe['text']) ?? '', ms: at(probe['elapsedMs']) ?? 0 } : undefined,
    }
  }))
}

interface Shared { stage: Stage; busy: boolean; act: (task: () => Promise<string | undefined>) => void; again: () => void }

function TestMessage(props: Shared & { network: Network; login: Login }): VNode {
  const { stage, network, login } = props
  const [to, setTo] = useState('')
  const [message, setMessage] = useState(say.testDefault)
  const id = useId()
  const people = useAnswer(stage, 'principals.list', {}, (payload) => list(fields(payload)['people']).flatMap((value) => {
    const person = fields(value)
    return list(person['senders']).flatMap((sender) => {
      const place = words(fields(sender)['sender'])
      return fields(sender)['channel'] === network.id && place !== undefined ? [{ place, name: words(person['name']) ?? place }] : []
    })
  }))
  return (
    <form class="test-form inset" aria-label={say.testOf(network.label)} onSubmit={(event) => {
      event.preventDefault()
      if (to.trim() === '' || message.trim() === '' || props.busy) return
      // The same press repeated is the same message.
      const key = `test-${network.id}-${crypto.getRandomValues(new Uint32Array(2)).join('-')}`
      props.act(async () => {
        await stage.desk.ask('send', { channel: network.id, ...(login.account === 'default' ? {} : { accountId: login.account }), to: to.trim(), message, idempotencyKey: key }, 60_000)
        props.again()
        return say.testSent
      })
    }}>
      <label class="field">
        <span>{say.testTo}</span>
        <input type="text" autocomplete="off" list={`${id}-people`} placeholder={say.testToHint} value={to} onInput={(event) => setTo(event.currentTarget.value)} />
      </label>
      <datalist id={`${id}-people`}>{people.answer.kind === 'ready' ? people.answer.value.map((person) => <option key={person.place} value={person.place}>{person.name}</option>) : null}</datalist>
      <label class="field">
        <span>{say.testWords}</span>
        <input type="text" maxLength={500} value={message} onInput={(event) => setMessage(event.currentTarget.value)} />
      </label>
      <button type="submit" class="button small" disabled={to.trim() === '' || message.trim() === ''} aria-disabled={props.busy}>{say.testSend}</button>
    </form>
  )
}

function Policies(props: Shared & { network: Network }): VNode | null {
  const { stage, network } = props
  /** What was chosen and is on its way. */
  const [wished, setWished] = useState<Tree>({})
  const known = JSON.stringify(network.policies)
  // What holds now is no wish any more; another change may be on its way still.
  useEffect(() => setWished((now) => Object.fromEntries(Object.entries(now).filter(([key, value]) => network.policies[key] !== value))), [known])
  const { dmPolicy, groupPolicy, requireMention } = { ...network.policies, ...wished }
  if (dmPolicy === undefined && groupPolicy === undefined) return null
  const may = stage.desk.can('config.patch')
  const change = (key: string, value: unknown): void => {
    setWished({ ...wished, [key]: value })
    props.act(async () => {
      try {
        await patchNetwork(stage, network, { [key]: value })
      } catch (error) {
        // The old rule holds, so the field says it.
        setWished({})
        throw error
      }
      props.again()
      return say.policySaved
    })
  }
  const choice = (key: string, label: string, value: unknown, options: Record<string, string>): VNode | null => (typeof value !== 'string' ? null : (
    <label class="policy">
      <span>{label}</span>
      <select aria-label={say.policyOf(label, network.label)} disabled={!may || props.busy} value={value} onChange={(event) => change(key, event.currentTarget.value)}>
        {Object.hasOwn(options, value) ? null : <option value={value}>{value}</option>}
        {Object.entries(options).map(([name, what]) => <option key={name} value={name}>{what}</option>)}
      </select>
    </label>
  ))
  return (
    <div class="policies" role="group" aria-label={say.policyOf(say.policies, network.label)}>
      {choice('dmPolicy', say.dm, dmPolicy, say.dmWords)}
      {choice('groupPolicy', say.group, groupPolicy, say.groupWords)}
      {typeof requireMention !== 'boolean' || groupPolicy === 'disabled' ? null : (
        <label class="check">
          <input type="checkbox" disabled={!may || props.busy} checked={requireMention} onChange={(event) => change('requireMention', event.currentTarget.checked)} />
          {say.mention}
        </label>
      )}
      <p class="quiet">{say.lists} <button type="button" class="link" onClick={() => stage.place.enter('settings')}>{say.openSettings}</button></p>
    </div>
  )
}

const tones: Record<string, string> = { connected: 'good', throttled: 'warn', retrying: 'warn', starting: 'warn', 'needs-you': 'bad' }

function LoginRow(props: Shared & { network: Network; login: Login; onProbe: () => void }): VNode {
  const { stage, network, login, act, again, busy } = props
  const { desk } = stage
  const [open, setOpen] = useState<'none' | 'token' | 'phone' | 'test'>('none')
  const only = login.account === 'default'
  const activity = [login.heard === undefined ? say.quiet : say.heard(since(login.heard, stage.now.value)), login.sent === undefined ? '' : say.sent(since(login.sent, stage.now.value))].filter((part) => part !== '').join(', ')
  const about = { channel: network.id, ...(only ? {} : { accountId: login.account }) }
  const toggle = (which: 'token' | 'phone' | 'test') => () => setOpen(open === which ? 'none' : which)
  const needs = login.state === 'needs-you'
  const mayPhone = network.login && desk.can('web.login.start')
  const mayToken = network.tokens.length > 0 && only && desk.can('config.patch')
  return (
    <li class="login">
      <div class="login-head">
        <span class={`dot ${tones[login.state] ?? ''}`} aria-hidden="true" />
        <div class="item-words">
          <span class="item-title">{network.label}{only ? '' : ` · ${say.account(login.account)}`} <span class={`tag ${tones[login.state] ?? ''}`}>{say.states[login.state] ?? login.state}</span></span>
          <span class="quiet">{login.state === 'connected' && login.detail !== '' ? `${login.detail} · ` : ''}{activity}</span>
        </div>
        <div class="item-tools">
          {needs && mayPhone ? <button type="button" class="button small primary" aria-expanded={open === 'phone'} onClick={toggle('phone')}>{open === 'phone' ? say.loginStop : say.login}</button> : null}
          {needs && mayToken && !mayPhone ? <button type="button" class="button small primary" aria-expanded={open === 'token'} onClick={toggle('token')}>{say.newToken}</button> : null}
          {login.state === 'connected' && desk.can('send') ? <button type="button" class="button small" aria-expanded={open === 'test'} onClick={toggle('test')}>{say.test}</button> : null}
          <button type="button" class="button small" aria-disabled={busy} onClick={props.onProbe}>{say.probe}</button>
        </div>
      </div>
      {login.state !== 'connected' && login.detail !== '' ? <p class={needs ? 'bad-words' : 'quiet'}>{login.detail}</p> : null}
      {login.probe === undefined ? null : <p role="status" class={login.probe.ok ? 'quiet' : 'bad-words'}>{login.probe.ok ? say.probeGood(login.probe.words, login.probe.ms) : say.probeBad(login.probe.words)}</p>}
      {open === 'phone' ? <PhoneLogin stage={stage} channel={network.id} byNumber={network.loginByNumber} account={login.account} onDone={() => { setOpen('none'); again() }} /> : null}
      {open === 'token' ? <TokenForm {...props} onDone={() => setOpen('none')} /> : null}
      {open === 'test' ? <TestMessage {...props} /> : null}
      <Policies {...props} />
      <details class="more">
        <summary>{say.more}</summary>
        <div class="item-tools">
          {mayToken && !needs ? <button type="button" class="button small" aria-expanded={open === 'token'} onClick={toggle('token')}>{say.newToken}</button> : null}
          {mayPhone && !needs ? <button type="button" class="button small" aria-expanded={open === 'phone'} onClick={toggle('phone')}>{say.loginAgain}</button> : null}
          {desk.can('channels.stop') ? (
            <Sure label={say.switchOff} name={`${say.switchOff}: ${network.label}`} ask={say.switchOffAsk} danger={false} busy={busy} onYes={() => act(async () => {
              await desk.ask('channels.stop', about)
              again()
              return say.switchedOff(network.label)
            })} />
          ) : null}
          {only && (network.login ? desk.can('channels.logout') : mayToken) ? (
            <Sure label={say.logout} name={`${say.logout}: ${network.label}`} ask={say.logoutAsk} busy={busy} onYes={() => act(async () => {
              if (network.login) await desk.ask('channels.logout', about, 60_000)
              else {
                await forgetTokens(stage, network)
                await patchNetwork(stage, network, Object.fromEntries(network.tokens.map(({ key }) => [key, null])))
              }
              again()
              return say.loggedOut(network.label)
            })} />
          ) : null}
          {only && desk.can('config.patch') ? (
            <Sure label={say.remove} name={`${say.remove}: ${network.label}`} ask={say.removeAsk} busy={busy} onYes={() => act(async () => {
              if (network.login && desk.can('channels.logout')) await desk.ask('channels.logout', about, 60_000)
              await forgetTokens(stage, network)
              await patchNetwork(stage, network, null)
              again()
              return say.removed(network.label)
            })} />
          ) : null}
        </div>
      </details>
    </li>
  )
}

function AddRow(props: Shared & { network: Network }): VNode {
  const { stage, network, act, again } = props
  const [open, setOpen] = useState(false)
  const off = !network.enabled
  const byToken = network.tokens.length > 0 && !network.login
  return (
    <li class="login">
      <div class="login-head">
        <span class="item-sign"><Icon name="plug" /></span>
        <div class="item-words">
          <span class="item-title">{network.label}{off ? <span class="tag">{say.states['off']}</span> : null}</span>
          <span class="quiet">{network.title}</span>
        </div>
        <div class="item-tools">
          {off && stage.desk.can('channels.start') && (network.login || network.tokens.some((token) => token.set) || network.tokens.length === 0) ? (
            <button type="button" class="button small" aria-label={`${say.switchOn}: ${network.label}`} aria-disabled={props.busy} onClick={() => act(async () => {
              await stage.desk.ask('channels.start', { channel: network.id })
              again()
              return say.switchedOn(network.label)
            })}>{say.switchOn}</button>
          ) : (
            <button type="button" class="button small" aria-label={say.addOf(network.label)} aria-expanded={open} onClick={() => setOpen(!open)}>{say.connect}</button>
          )}
        </div>
      </div>
      {open ? (byToken ? <TokenForm {...props} onDone={() => setOpen(false)} /> : network.login ? <PhoneLogin stage={stage} channel={network.id} byNumber={network.loginByNumber} account="default" onDone={() => { setOpen(false); again() }} /> : (
        <p class="quiet">{say.lists} <button type="button" class="link" onClick={() => stage.place.enter('settings')}>{say.openSettings}</button></p>
      )) : null}
    </li>
  )
}

/** A round trip with every network takes as long as the slowest. */
const probeMs = 40_000

export function ChannelsRoom(props: { stage: Stage }): VNode {
  const { stage } = props
  const [probes, setProbes] = useState<Login[]>([])
  const status = useAnswer(stage, 'channels.status', { probe: false }, readLogins)
  const catalog = useAnswer(stage, 'channels.catalog', {}, readNetworks)
  const { busy, act } = useAct(stage)
  // What the page hears of a channel's health means that its row says something else now.
  const chips = stage.desk.channels.value
  const first = useRef(true)
  useEffect(() => {
    if (!first.current) status.again()
    first.current = false
  }, [JSON.stringify(chips)])
  const again = (): void => {
    setProbes([])
    status.again()
    catalog.again()
  }
  const probe = (): void => act(async () => {
    setProbes(readLogins(await stage.desk.ask('channels.status', { probe: true, timeoutMs: 15_000 }, probeMs)))
    return undefined
  })
  const networks = catalog.answer.kind === 'ready' ? catalog.answer.value : []
  const shared: Shared = { stage, busy, act, again }
  return (
    <>
      <AnswerPanel title={say.networks} hint={say.networksHint} wide answer={status.answer} again={again}>
        {(rows) => {
          const mine = rows.filter((login) => networks.some((network) => network.id === login.channel))
          return mine.length === 0 ? <p class="quiet">{say.networksNone}</p> : (
            <ul class="items">
              {mine.map((login) => {
                const network = networks.find((each) => each.id === login.channel)
                const probed = probes.find((each) => each.channel === login.channel && each.account === login.account)
                return network === undefined ? null : <LoginRow key={`${login.channel}/${login.account}`} {...shared} network={network} login={{ ...login, probe: probed?.probe }} onProbe={probe} />
              })}
            </ul>
          )
        }}
      </AnswerPanel>
      <AnswerPanel title={say.add} hint={say.addHint} answer={catalog.answer} again={again}>
        {(all) => {
          const there = new Set(status.answer.kind === 'ready' ? status.answer.value.map((login) => login.channel) : [])
          const rest = all.filter((network) => !there.has(network.id))
          return rest.length === 0 ? <p class="quiet">{say.addNone}</p> : <ul class="items">{rest.map((network) => <AddRow key={network.id} {...shared} network={network} />)}</ul>
        }}
      </AnswerPanel>
      <AnswerPanel title={say.own} hint={say.ownHint} answer={status.answer} again={again}>
        {(rows) => (
          <ul class="channel-list">
            {rows.filter((login) => !networks.some((network) => network.id === login.channel)).map((login) => (
              <li key={`${login.channel}/${login.account}`} class={`chip ${login.state}`}>
                <span class="dot" aria-hidden="true" />
                <span class="clip grow">{login.label}</span>
                <span class="chip-state">{say.states[login.state] ?? login.state}</span>
              </li>
            ))}
          </ul>
        )}
      </AnswerPanel>
    </>
  )
}
