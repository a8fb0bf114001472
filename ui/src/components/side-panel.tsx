import type { ComponentChildren, VNode } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { WhyAnswer } from '../desk.ts'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'
import { CopyButton } from './copy-button.tsx'
import { giveFocusBack } from './focus-back.ts'
import { Icon } from './icon.tsx'
import { Requests } from './requests.tsx'

function People(props: { stage: Stage }): VNode {
  const { desk } = props.stage
  if (desk.pairing.value.length + desk.devices.value.length === 0) return <p class="quiet">{text.peopleNone}</p>
  return <Requests stage={props.stage} />
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
  useLayoutEffect(() => {
    if (panel.kind === 'none') {
      giveFocusBack(before.current)
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
