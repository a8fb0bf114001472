import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import type { Stage } from '../stage.ts'
import { fields, words } from '../wire.ts'
import { deviceText as say } from './device-text.ts'
import { Item, Panel, Sure, useAct, useAnswer } from './pieces.tsx'
import { usePushStanding } from './push-standing.ts'

const kinds = ['approvals', 'replies', 'alerts'] as const
type Wish = (typeof kinds)[number] | 'showText'

function keyBytes(base64url: string): Uint8Array<ArrayBuffer> {
  const plain = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(plain, (character) => character.charCodeAt(0))
}

function Notifications(props: { stage: Stage }): VNode | null {
  const { stage } = props
  const { desk } = stage
  const { busy, act } = useAct(stage)
  const { now, look } = usePushStanding(stage)
  const { answer, again } = useAnswer(stage, 'push.web.preferences.get', {}, (payload) => {
    const raw = fields(payload)
    const wishes = fields(raw['preferences'])
    return {
      browsers: typeof raw['browsers'] === 'number' ? raw['browsers'] : 0,
      wishes: { approvals: wishes['approvals'] === true, replies: wishes['replies'] === true, alerts: wishes['alerts'] === true, showText: wishes['showText'] === true },
    }
  })
  const turnOn = (worker: ServiceWorkerRegistration): void => act(async () => {
    try {
      const publicKey = words(fields(await desk.ask('push.web.vapidPublicKey', {}))['publicKey']) ?? ''
      const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: keyBytes(publicKey) })
      const { endpoint, keys } = subscription.toJSON()
      await desk.ask('push.web.subscribe', { endpoint, keys: { p256dh: keys?.['p256dh'], auth: keys?.['auth'] } })
    } finally {
      look()
      again()
    }
    return say.turnedOn
  })
  const turnOff = (subscription: PushSubscription): void => act(async () => {
    await desk.ask('push.web.unsubscribe', { endpoint: subscription.endpoint })
    await subscription.unsubscribe()
    look()
    again()
    return say.turnedOff
  })
  /** What was chosen and is on its way. */
  const [chosen, setChosen] = useState<Partial<Record<Wish, boolean>>>({})
  const wish = (name: Wish, value: boolean): void => {
    setChosen({ ...chosen, [name]: value })
    act(async () => {
      try {
        await desk.ask('push.web.preferences.set', { [name]: value })
      } catch (error) {
        // What held before holds, so the box says it.
        setChosen({})
        throw error
      }
      again()
      return say.saved
    })
  }
  if (answer.kind !== 'ready') return null
  const { browsers } = answer.value
  const wishes = { ...answer.value.wishes, ...chosen }
  const box = (name: Wish, label: string): VNode => (
    <label key={name} class="check"><input type="checkbox" checked={wishes[name]} disabled={busy} onChange={(event) => wish(name, event.currentTarget.checked)} />{label}</label>
  )
  return (
    <>
      <ul class="items">
        <Item icon="bell" title={<>{say.notify}{' '}<span class={`tag ${now.kind === 'on' ? 'good' : ''}`}>{now.kind === 'on' ? say.on : say.off}</span></>} detail={now.kind === 'blocked' ? say.blocked : now.kind === 'unable' ? say.notOffered : say.browsers(browsers)}>
          {now.kind === 'off' ? <button type="button" class="button small primary" aria-disabled={busy} onClick={() => turnOn(now.worker)}>{say.notifyOn}</button> : null}
          {now.kind === 'on' ? <button type="button" class="button small" aria-disabled={busy} onClick={() => turnOff(now.subscription)}>{say.notifyOff}</button> : null}
          {browsers > 0 ? (
            <button type="button" class="button small" aria-disabled={busy} onClick={() => act(async () => {
              const { sent, later } = fields(await desk.ask('push.web.test', {}))
              again()
              return typeof sent === 'number' && sent > 0 ? say.tried(sent) : typeof later === 'number' && later > 0 ? say.triedLater : say.triedNone
            })}>{say.tryIt}</button>
          ) : null}
          {browsers > 0 ? <Sure label={say.allOff} ask={say.allOffAsk} busy={busy} onYes={() => act(async () => {
            await desk.ask('push.web.unsubscribe', { all: true })
            if (now.kind === 'on') await now.subscription.unsubscribe()
            look()
            again()
            return say.turnedOff
          })} /> : null}
        </Item>
      </ul>
      <div class="device-wishes" role="group" aria-label={say.tell}>
        <h3>{say.tell}</h3>
        {kinds.map((name) => box(name, say.kinds[name]))}
        {box('showText', say.showText)}
        <p class="quiet">{say.showTextHint}</p>
      </div>
    </>
  )
}

/** What this very browser can be: an app of its own, and one that speaks up. */
export function DevicePanel(props: { stage: Stage }): VNode {
  const { companion } = props.stage
  return (
    <Panel title={say.title} hint={say.hint} wide>
      <ul class="items">
        <Item icon="device" title={companion.installed ? say.installed : say.install} detail={companion.installed ? '' : companion.installable.value ? say.installHint : say.installByHand}>
          {companion.installable.value && !companion.installed ? <button type="button" class="button small" onClick={() => void companion.install()}>{say.install}</button> : null}
        </Item>
      </ul>
      <Notifications stage={props.stage} />
    </Panel>
  )
}
