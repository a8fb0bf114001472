import type { ComponentChildren, VNode } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { WhyAnswer } from '../desk.ts'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'
import { ago } from '../words.ts'
import { CopyButton } from './copy-button.tsx'
import { Icon } from './icon.tsx'

function Request(props: { name: string; detail: string; code?: string; onApprove: () => void; onReject: () => void }): VNode {
  return (
    <li class="request">
      <div class="request-who">
        <strong class="clip">{props.name}</strong>
        <span class="quiet">{props.detail}</span>
      </div>
      {props.code === undefined ? null : (
        <div class="request-code">
          <span class="quiet">{text.pairingCode}</span>
          <code>{props.code}</code>
        </div>
      )}
      <div class="request-buttons">
        <button type="button" class="button" onClick={props.onReject}>{text.reject}<span class="offscreen"> {props.name}</span></button>
        <button type="button" class="button primary" onClick={props.onApprove}>{text.approve}<span class="offscreen"> {props.name}</span></button>
      </div>
    </li>
  )
}

function People(props: { stage: Stage }): VNode {
  const { desk, now } = props.stage
  const senders = desk.pairing.value
  const devices = desk.devices.value
  const nameOf = (channel: string): string => desk.channels.value.find((chip) => chip.channel === channel)?.label ?? channel
  return (
    <>
      {senders.length === 0 && devices.length === 0 ? <p class="quiet">{text.peopleNone}</p> : null}
      {senders.length > 0 ? (
        <>
          <h3>{text.peopleSenders}</h3>
          <p class="quiet">{text.pairingExplain}</p>
          <ul class="requests">
            {senders.map((request) => (
              <Request
                key={`${request.channel}/${request.code}`}
                name={request.senderName ?? request.sender}
                detail={`${text.through(nameOf(request.channel))} · ${request.sender} · ${ago(request.createdAt, now.value)}`}
                code={request.code}
                onApprove={() => void desk.approve(request)}
                onReject={() => void desk.reject(request)}
              />
            ))}
          </ul>
        </>
      ) : null}
      {devices.length > 0 ? (
        <>
          <h3>{text.peopleDevices}</h3>
          <ul class="requests">
            {devices.map((request) => (
              <Request
                key={request.requestId}
                name={request.name}
                detail={[request.platform, ago(request.at, now.value)].filter((part) => part !== '').join(' · ')}
                onApprove={() => void desk.approveDevice(request)}
                onReject={() => void desk.rejectDevice(request)}
              />
            ))}
          </ul>
        </>
      ) : null}
    </>
  )
}

function Why(props: { answer: WhyAnswer; id: string }): VNode {
  const { answer } = props
  return (
    <>
      <p class="quiet">{text.whyHint}</p>
      {answer.kind === 'loading' ? <p>{text.whyLoading}</p> : null}
      {answer.kind === 'failed' ? <p class="bad-words">{answer.reason} {answer.next}</p> : null}
      {answer.kind === 'lines' && answer.lines.length === 0 ? <p>{text.whyEmpty}</p> : null}
      {answer.kind === 'lines' && answer.lines.length > 0 ? (
        <>
          <ol class="why-lines">
            {answer.lines.map((line, index) => (
              <li key={index} class={/^\s/.test(line) ? 'inner' : undefined}>{line.trim()}</li>
            ))}
          </ol>
          <CopyButton value={() => answer.lines.join('\n')} label={text.copy} />
        </>
      ) : null}
    </>
  )
}

/** Beside the conversation on a wide screen, above it on a narrow one. */
export function SidePanel(props: { stage: Stage }): VNode | null {
  const { desk } = props.stage
  const panel = desk.panel.value
  const place = useRef<HTMLElement>(null)
  const before = useRef<Element | null>(null)
  const identity = panel.kind === 'why' ? panel.id : panel.kind
  useEffect(() => {
    if (panel.kind === 'none') {
      if (before.current instanceof HTMLElement && before.current.isConnected) before.current.focus()
      before.current = null
      return
    }
    before.current ??= document.activeElement
    place.current?.focus()
  }, [identity])
  if (panel.kind === 'none') return null
  const title = panel.kind === 'people' ? text.people : text.whyTitle
  let body: ComponentChildren
  switch (panel.kind) {
    case 'people':
      body = <People stage={props.stage} />
      break
    case 'why':
      body = <Why answer={panel.answer} id={panel.id} />
      break
  }
  return (
    <aside class="side" aria-label={title} ref={place} tabIndex={-1}>
      <div class="side-head">
        <h2>{title}</h2>
        <button type="button" class="tool-button" aria-label={text.close} title={text.close} onClick={() => (desk.panel.value = { kind: 'none' })}>
          <Icon name="close" />
        </button>
      </div>
      <div class="side-body">{body}</div>
    </aside>
  )
}
