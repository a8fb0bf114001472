import type { VNode } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import '../styles/onboarding.css'
import '../styles/settings.css'
import { Icon } from '../components/icon.tsx'
import type { Stage } from '../stage.ts'
import { DevicePanel } from './device-panel.tsx'
import { ChatStep } from './onboarding-chat.tsx'
import { MessageStep } from './onboarding-message.tsx'
import { ModelStep } from './onboarding-model.tsx'
import { useProgress, type Progress } from './onboarding-progress.ts'
import { onboardingText as say } from './onboarding-text.ts'
import { Panel } from './pieces.tsx'
import { usePushStanding } from './push-standing.ts'
import { roomText } from './text.ts'

const steps = ['model', 'chat', 'device', 'message'] as const
type Step = (typeof steps)[number]

function Steps(props: { at: Step; isDone: Record<Step, boolean>; onGo: (step: Step) => void }): VNode {
  return (
    <ol class="setup-steps" aria-label={say.steps}>
      {steps.map((step, index) => (
        <li key={step}>
          <button type="button" class={props.isDone[step] ? 'past' : ''} onClick={() => props.onGo(step)} {...(step === props.at ? { 'aria-current': 'step' as const } : {})}>
            {props.isDone[step] ? <Icon name="check" /> : <span class="setup-number" aria-hidden="true">{index + 1}</span>}
            <span>{say.names[step]}{props.isDone[step] ? <span class="offscreen"> ({say.done})</span> : null}</span>
          </button>
        </li>
      ))}
    </ol>
  )
}

const asks: Record<Step, string> = { model: say.modelAsk, chat: say.chatAsk, device: say.deviceAsk, message: say.messageAsk }

function OpenSteps(props: { stage: Stage; progress: Progress; device: 'on' | 'off' | 'unable' }): VNode {
  const { stage, progress, device } = props
  const isDone: Record<Step, boolean> = { model: progress.model, chat: progress.chat, device: device === 'on', message: progress.message }
  // A device that cannot be told anything has nothing open here, and one may be told later.
  const [at, setAt] = useState<Step>(() => (progress.model && progress.chat && !progress.message && device === 'off' ? 'device' : steps.find((step) => step !== 'device' && !isDone[step]) ?? 'message'))
  /** Undefined: as things stand. */
  const [choosing, setChoosing] = useState<boolean | undefined>(undefined)
  const isChoosing = choosing ?? !progress.model
  const heading = useRef<HTMLHeadingElement>(null)
  useLayoutEffect(() => heading.current?.focus(), [at])
  const go = (step: Step): void => {
    if (step === at) heading.current?.focus()
    setAt(step)
    setChoosing(undefined)
  }
  const following = steps[steps.indexOf(at) + 1]
  const mayGoOn = at === 'model' ? !isChoosing : at === 'device' ? device !== 'off' : isDone[at]
  return (
    <>
      <Panel title={say.title} hint={say.hint} wide tools={<button type="button" class="button small" onClick={() => stage.desk.open(stage.desk.sessionKey.value)}>{say.later}</button>}>
        <Steps at={at} isDone={isDone} onGo={go} />
      </Panel>
      <section class="panel wide setup-step" aria-labelledby="setup-step">
        <div class="panel-head"><h2 id="setup-step" ref={heading} tabIndex={-1}>{asks[at]}</h2></div>
        {at === 'model' ? (stage.desk.can('models.set') ? <ModelStep stage={stage} progress={progress} onOpen={setChoosing} onGoOn={() => go('chat')} /> : <p class="quiet">{say.notYours}</p>) : null}
        {at === 'chat' ? <ChatStep stage={stage} progress={progress} /> : null}
        {at === 'device' ? <><p>{say.deviceHint}</p><DevicePanel stage={stage} /></> : null}
        {at === 'message' ? <MessageStep stage={stage} progress={progress} onModel={() => go('model')} /> : null}
        {following === undefined ? null : (
          <div class="panel-foot">
            <button type="button" class={`button${mayGoOn ? ' primary' : ''}`} onClick={() => go(following)}>{mayGoOn || isDone[at] || at === 'device' ? say.next : say.skip}</button>
          </div>
        )}
      </section>
    </>
  )
}

/** Setting up in steps, until a message was answered: what `moltbot onboard` does in the terminal, from wherever things stand. */
export function OnboardingRoom(props: { stage: Stage }): VNode {
  const progress = useProgress(props.stage)
  const { kind } = usePushStanding(props.stage).now
  const wasKnown = useRef(false)
  wasKnown.current ||= progress.known && kind !== 'asking'
  if (!wasKnown.current) return <p class="quiet" role="status">{roomText.loading}</p>
  return <OpenSteps stage={props.stage} progress={progress} device={kind === 'on' || kind === 'off' ? kind : 'unable'} />
}
