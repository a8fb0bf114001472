import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import '../styles/device-link.css'
import { CodePicture } from '../components/code-picture.tsx'
import { CopyButton } from '../components/copy-button.tsx'
import { Icon } from '../components/icon.tsx'
import { explainFailure } from '../explain-failure.ts'
import { GatewayError } from '../gateway-client.ts'
import type { Stage } from '../stage.ts'
import { fields, list, words } from '../wire.ts'
import { addressesElsewhere, linkOf, loginPage, reachOf, readAddresses, type ToldAddresses } from './device-address.ts'
import { deviceText as say } from './device-text.ts'
import { useAnswer } from './pieces.tsx'
import { seekSetting } from './sought-setting.ts'
import { roomText } from './text.ts'

type Code = { kind: 'asking' } | { kind: 'shown'; token: string; until: number } | { kind: 'failed'; error: unknown }

/** How often it is looked whether the other device came, ms. */
const lookMs = 2_000
/** The gateway opens its addresses one by one, as a telephone would. */
const looksForMs = 20_000

/** The ids of the devices that are linked, and what each is called. */
function linkedOnes(payload: unknown): Map<string, string> {
  return new Map(list(fields(payload)['browsers']).flatMap((value) => {
    const { id, kind, words: name } = fields(value)
    return typeof id === 'string' && kind === 'device' ? [[id, words(name) ?? roomText.unknown] as const] : []
  }))
}

function LinkCode(props: { stage: Stage; onLinked: (name: string) => void; onClose: () => void }): VNode {
  const { desk } = props.stage
  const [code, setCode] = useState<Code>({ kind: 'asking' })
  const [round, setRound] = useState(0)
  /** What was chosen of the addresses; undefined: the best. '' leads to what is typed. */
  const [chosen, setChosen] = useState<string | undefined>(undefined)
  const [typed, setTyped] = useState('')
  const [now, setNow] = useState(Date.now())
  const { answer, again } = useAnswer(props.stage, 'gateway.addresses', {}, readAddresses, looksForMs)
  const isLooking = answer.kind === 'loading' || (answer.kind === 'ready' && answer.refreshing)
  const told = answer.kind === 'ready' ? answer.value : undefined
  const offered = addressesElsewhere(location.href, told?.addresses ?? [])
  const picked = offered.find(({ url }) => url === (chosen ?? offered[0]?.url))
  const address = picked?.url ?? typed
  const group = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => group.current?.focus(), [])
  useEffect(() => {
    let gone = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const follow = async (): Promise<void> => {
      const before = linkedOnes(await desk.ask('sessions.browser.list', {}))
      const made = fields(await desk.ask('auth.link', { device: true }))
      const [token, until] = [words(made['token']) ?? '', Number(made['expiresAtMs'])]
      if (gone) return
      setNow(Date.now())
      setCode({ kind: 'shown', token, until })
      const look = async (): Promise<void> => {
        if (gone) return
        setNow(Date.now())
        if (Date.now() > until) return
        try {
          const came = [...linkedOnes(await desk.ask('sessions.browser.list', {}))].find(([id]) => !before.has(id))
          if (came !== undefined && !gone) return props.onLinked(came[1])
        } catch {
          // A lost line comes back; then it is looked again.
        }
        timer = setTimeout(() => void look(), lookMs)
      }
      timer = setTimeout(() => void look(), lookMs)
    }
    setCode({ kind: 'asking' })
    follow().catch((error: unknown) => {
      if (!gone) setCode({ kind: 'failed', error })
    })
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [round])
  const reach = reachOf(address)
  const isOver = code.kind === 'shown' && now > code.until
  const link = code.kind === 'shown' && !isOver && (reach === 'good' || reach === 'plain') ? linkOf(address, code.token) : undefined
  return (
    <div class="inset device-link" role="group" aria-label={say.link} tabIndex={-1} ref={group}>
      {isLooking && offered.length === 0 ? <p class="quiet" role="status">{say.linkLooking}</p> : null}
      {isLooking || offered.length > 0 ? null : <NoAddress stage={props.stage} told={told} again={again} />}
      {offered.length === 0 ? null : (
        <label class="field">
          <span>{say.linkAddress}</span>
          <select value={picked?.url ?? ''} onChange={(event) => setChosen(event.currentTarget.value)}>
            {offered.map(({ url }) => <option key={url} value={url}>{url}</option>)}
            <option value="">{say.linkOther}</option>
          </select>
        </label>
      )}
      {picked !== undefined || (isLooking && offered.length === 0) ? null : (
        <label class="field">
          <span>{offered.length === 0 ? say.linkOther : say.linkOtherAddress}</span>
          <input type="url" autocomplete="off" spellcheck={false} maxLength={300} placeholder="https://box.tailnet.ts.net/" value={typed} onInput={(event) => setTyped(event.currentTarget.value.trim())} />
        </label>
      )}
      {picked === undefined && typed !== '' && reach === 'broken' ? <p role="status">{say.linkBroken}</p> : null}
      {reach === 'this-machine' ? <p role="status">{say.linkThisMachine}</p> : null}
      {reach === 'plain' ? <p role="status"><Icon name="alert" /> {say.linkPlain}</p> : null}
      {reach === 'good' && picked?.trusted === false ? <p role="status"><Icon name="alert" /> {say.linkOwnCertificate}</p> : null}
      {code.kind === 'failed' ? <LinkFailure error={code.error} /> : null}
      {link === undefined || code.kind !== 'shown' ? null : (
        <div class="device-code">
          <CodePicture words={link} label={say.linkPicture} />
          <div class="device-steps">
            <ol>{say.linkSteps.map((step) => <li key={step}>{step}</li>)}</ol>
            <p class="quiet">{say.linkLeft(Math.max(1, Math.ceil((code.until - now) / 60_000)))}</p>
            <CopyButton value={() => link} label={say.linkCopy} />
            <details class="more">
              <summary>{say.linkByHand}</summary>
              <p class="quiet">{say.linkByHandHint(loginPage(address))}</p>
              <code class="device-words">{code.token}</code>
            </details>
          </div>
        </div>
      )}
      {isOver ? <p role="status">{say.linkOver}</p> : null}
      <div class="device-buttons">
        <button type="button" class="button small" onClick={props.onClose}>{say.linkClose}</button>
        {isOver || code.kind === 'failed' ? <button type="button" class="button small primary" onClick={() => setRound(round + 1)}>{say.linkAgain}</button> : null}
      </div>
    </div>
  )
}

/** Why no address is offered, and which setting opens one. */
function NoAddress(props: { stage: Stage; told: ToldAddresses | undefined; again: () => void }): VNode {
  const { stage, told } = props
  const setting = (path: string): VNode => <button type="button" class="link" onClick={() => seekSetting(stage, path)}>{say.linkSetting(path)}</button>
  return (
    <div class="device-ways">
      <p role="status">{told === undefined ? say.linkUnknown : told.onlyHere ? say.linkHereOnly : say.linkNowhere} {told === undefined || told.silent.length === 0 ? '' : say.linkSilent(told.silent.join(', '))}</p>
      <ul>
        <li>{say.linkWays.proxy} {setting('gateway.allowedHosts')}</li>
        <li>{say.linkWays.open} {setting('gateway.bind')}</li>
      </ul>
      <button type="button" class="button small" onClick={props.again}>{say.linkLook}</button>
    </div>
  )
}

/** Why there is no code. Who signed in long ago signs in again first, in another tab. */
function LinkFailure(props: { error: unknown }): VNode {
  const { reason, next } = explainFailure(props.error)
  const isStale = props.error instanceof GatewayError && props.error.details['code'] === 'REAUTHENTICATION_REQUIRED'
  return (
    <div class="trouble" role="alert">
      <Icon name="alert" />
      <div>
        <p>{reason} {next}</p>
        {isStale ? <a class="button small" href="./login" target="_blank" rel="noopener">{say.linkSignIn}</a> : null}
      </div>
    </div>
  )
}

/** Links a telephone, or another computer, to this gateway by a code to scan; it stays signed in as a device does. */
export function DeviceLink(props: { stage: Stage; again: () => void }): VNode | null {
  const { desk } = props.stage
  const [open, setOpen] = useState(false)
  const opener = useRef<HTMLButtonElement>(null)
  const wasOpen = useRef(false)
  useLayoutEffect(() => {
    if (!open && wasOpen.current) opener.current?.focus()
    wasOpen.current = open
  }, [open])
  if (!desk.can('auth.link') || !desk.can('sessions.browser.list')) return null
  if (!open) return <button type="button" ref={opener} class="button small" onClick={() => setOpen(true)}><Icon name="plus" /> {say.link}</button>
  return (
    <LinkCode
      stage={props.stage}
      onClose={() => setOpen(false)}
      onLinked={(name) => {
        setOpen(false)
        desk.say('plain', say.linked(name))
        props.again()
      }}
    />
  )
}
