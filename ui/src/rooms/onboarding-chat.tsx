import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { Requests } from '../components/requests.tsx'
import type { Stage } from '../stage.ts'
import type { Progress } from './onboarding-progress.ts'
import { onboardingText as say } from './onboarding-text.ts'
import { useAct } from './pieces.tsx'
import { TokenForm } from './token-form.tsx'

/** A messenger that a token alone connects, and letting oneself in there. Everything else about messengers is in its own room. */
export function ChatStep(props: { stage: Stage; progress: Progress }): VNode {
  const { stage, progress } = props
  const { desk } = stage
  const { busy, act } = useAct(stage)
  const [wanted, setWanted] = useState<string | undefined>(undefined)
  const { connected, owner } = progress
  const candidates = progress.networks.filter(({ tokens, login }) => tokens.length > 0 && !login)
  // One that was begun with, here or elsewhere, goes on.
  const network = candidates.find(({ id }) => (wanted === undefined ? desk.channels.value.some(({ channel, state }) => channel === id && state !== 'off') : id === wanted))
  const chip = desk.channels.value.find(({ channel }) => channel === network?.id)
  const labelOf = (channel: string): string => progress.networks.find(({ id }) => id === channel)?.label ?? channel
  const isOnItsWay = chip?.state === 'starting' || chip?.state === 'retrying'
  return (
    <>
      {connected === undefined ? <p>{say.chatHint}</p> : (
        <p class="all-well" role="status"><span class="dot good" aria-hidden="true" />{say.chatConnected(connected.label, connected.detail)}</p>
      )}
      {connected !== undefined || candidates.length === 0 ? null : !desk.can('config.patch') ? <p class="quiet">{say.notYours}</p> : (
        <>
          <label class="field setup-pick"><span>{say.chatWhich}</span>
            <select value={network?.id ?? ''} disabled={busy} onChange={(event) => setWanted(event.currentTarget.value)}>
              <option value="">{say.chatNone}</option>
              {candidates.map(({ id, label }) => <option key={id} value={id}>{label}</option>)}
            </select>
          </label>
          {chip?.state === 'needs-you' ? <p class="bad-words" role="alert">{say.chatNeedsYou(chip.label)} {chip.detail}</p> : null}
          {isOnItsWay ? <p role="status">{say.chatConnecting(chip.label)} {chip.detail}</p> : null}
          {network === undefined ? null : <TokenForm key={network.id} stage={stage} network={network} busy={busy} act={act} again={progress.again} onDone={progress.again} />}
        </>
      )}
      {connected === undefined ? null : owner === undefined ? (
        <>
          <h3>{say.letIn}</h3>
          <p>{say.letInHint(connected.label)}</p>
          {desk.pairing.value.length === 0 ? <p class="quiet" role="status">{say.letInWaiting}</p> : <Requests stage={stage} />}
        </>
      ) : <p class="all-well"><span class="dot good" aria-hidden="true" />{say.letInDone(owner.name, labelOf(owner.channel))}</p>}
      <p class="quiet">{say.chatOthers} <button type="button" class="link" onClick={() => stage.place.enter('channels')}>{say.openChannels}</button></p>
    </>
  )
}
