import type { VNode } from 'preact'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'
import { ago } from '../words.ts'

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

/** Who asks to be let in, and the answer: people by their code, devices by their name. */
export function Requests(props: { stage: Stage }): VNode {
  const { desk, now } = props.stage
  const senders = desk.pairing.value
  const devices = desk.devices.value
  const nameOf = (channel: string): string => desk.channels.value.find((chip) => chip.channel === channel)?.label ?? channel
  return (
    <>
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
