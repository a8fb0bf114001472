import type { VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ConnectionState } from '../gateway-client.ts'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'
import { Icon, Mark } from './icon.tsx'

function Countdown(props: { until: number }): VNode {
  const left = (): number => Math.max(0, Math.ceil((props.until - Date.now()) / 1000))
  const [seconds, setSeconds] = useState(left)
  useEffect(() => {
    setSeconds(left())
    const timer = setInterval(() => setSeconds(left()), 500)
    return () => clearInterval(timer)
  }, [props.until])
  // The words around it are announced once; a number every second would drown everything else.
  return <span aria-hidden="true">{text.retryIn(seconds)}</span>
}

/** How the connection is, while it is not good. A connection that comes up at once is not worth a word. */
export function Banner(props: { stage: Stage }): VNode {
  const { desk } = props.stage
  const connection = desk.connection.value
  const [patient, setPatient] = useState(true)
  const quiet = connection.kind === 'connecting' && connection.attempt === 0
  useEffect(() => {
    if (!quiet) return
    setPatient(true)
    const timer = setTimeout(() => setPatient(false), 1200)
    return () => clearTimeout(timer)
  }, [quiet])
  return (
    <div class="banner-place" role="status">
      {connection.kind === 'online' || (quiet && patient) ? null : (
        <div class="banner">
          <span class="banner-words">
            <span class="pulse" aria-hidden="true" />
            {connection.kind === 'connecting' ? text.connecting : null}
            {connection.kind === 'waiting' ? (
              <>
                {navigator.onLine ? (connection.why === 'restarting' ? text.restarting : text.offline) : text.browserOffline} <Countdown until={connection.retryAt} />
              </>
            ) : null}
          </span>
          {connection.kind === 'waiting' ? (
            <button type="button" class="button small" onClick={() => props.stage.retryNow()}>
              {text.retryNow}
            </button>
          ) : null}
        </div>
      )}
    </div>
  )
}

/** In place of the page when the gateway does not want it. */
export function Gate(props: { stage: Stage; connection: Extract<ConnectionState, { kind: 'signed-out' | 'refused' }> }): VNode {
  const out = props.connection.kind === 'signed-out'
  return (
    <main class="gate">
      <Mark size={44} />
      <h1>{out ? text.signedOutTitle : text.refusedTitle}</h1>
      {props.connection.kind === 'refused' ? <p class="quiet">{props.connection.reason}</p> : null}
      <p>{out ? text.signedOutBody : text.refusedBody}</p>
      {out ? (
        <a class="button primary" href="./login">{text.signIn}</a>
      ) : (
        <button type="button" class="button primary" onClick={() => location.reload()}>
          <Icon name="retry" />
          {text.reload}
        </button>
      )}
    </main>
  )
}
