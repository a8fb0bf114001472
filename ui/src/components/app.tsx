import type { VNode } from 'preact'
import { useEffect, useLayoutEffect } from 'preact/hooks'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'
import { isBuiltin, sessionTitle } from '../words.ts'
import { ApprovalsSpoken } from './approval-card.tsx'
import { Banner, Gate } from './banner.tsx'
import { Composer } from './composer.tsx'
import { Conversation } from './conversation.tsx'
import { Icon } from './icon.tsx'
import { LentDoor } from './lent-door.tsx'
import { ModelPicker } from './model-picker.tsx'
import { Palette } from './palette.tsx'
import { RoomPlace } from './room-place.tsx'
import { SessionDialog } from './session-dialog.tsx'
import { Shortcuts } from './shortcuts.tsx'
import { SidePanel } from './side-panel.tsx'
import { Sidebar } from './sidebar.tsx'
import { Toasts } from './toasts.tsx'

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

/** Keys that work everywhere. Closing what is open comes before stopping the answer. */
function useKeys(stage: Stage): void {
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        stage.palette.value = !stage.palette.value
        return
      }
      if (event.defaultPrevented || stage.palette.value || stage.shortcuts.value || stage.dialog.value.kind !== 'none') return
      if (event.key === '/' && stage.place.room.value === undefined && !isTyping(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault()
        document.getElementById('composer')?.focus()
        return
      }
      if (event.key === '?' && !isTyping(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault()
        stage.shortcuts.value = true
        return
      }
      if (event.key !== 'Escape') return
      if (stage.models.value) stage.models.value = false
      else if (stage.drawer.value) stage.drawer.value = false
      else if (stage.desk.panel.value.kind !== 'none') stage.desk.panel.value = { kind: 'none' }
      else if (stage.desk.running.value) void stage.desk.stop()
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [stage])
}

function Header(props: { stage: Stage }): VNode {
  const { desk, drawer, models } = props.stage
  const waiting = desk.pairing.value.length + desk.devices.value.length
  const room = props.stage.place.room.value
  const title = room === undefined ? sessionTitle(desk.session.value, desk.sessionKey.value) : text.rooms[room]
  const questions = desk.approvals.open.value
  const answer = (): void => {
    const here = room === undefined ? questions.find((approval) => approval.sessionKey === desk.sessionKey.value) : undefined
    if (here === undefined) props.stage.place.enter('approvals')
    else props.stage.sought.value = here.id
  }
  useEffect(() => {
    const calls = waiting + questions.length
    document.title = `${calls > 0 ? `(${calls}) ` : ''}${title} · ${text.appName}`
  }, [title, waiting, questions.length])
  return (
    <header class="head">
      <button type="button" class="tool-button narrow-only" aria-label={text.openMenu} title={text.openMenu} onClick={() => (drawer.value = true)}>
        <Icon name="menu" />
        {desk.unread.value.size + questions.length > 0 ? <span class="spot" /> : null}
      </button>
      <h1 class="head-title">{title}</h1>
      <div class="head-tools">
        {questions.length > 0 && room !== 'approvals' ? (
          <button type="button" class="pill call" onClick={answer} aria-label={text.approvalOpen(questions.length)} title={text.approvalOpen(questions.length)}>
            <Icon name="shield" />
            <span class="count" aria-hidden="true">{questions.length}</span>
          </button>
        ) : null}
        {waiting > 0 && room !== 'people' ? (
          <button type="button" class="pill call" onClick={() => (desk.panel.value = { kind: 'people' })} aria-label={text.peopleCount(waiting)} title={text.peopleCount(waiting)}>
            <Icon name="people" />
            <span class="count" aria-hidden="true">{waiting}</span>
          </button>
        ) : null}
        {room === undefined ? <ModelPicker desk={desk} open={models} /> : null}
      </div>
    </header>
  )
}

export function App(props: { stage: Stage }): VNode {
  const { stage } = props
  const { desk } = stage
  useKeys(stage)
  const connection = desk.connection.value
  if (connection.kind === 'signed-out' || connection.kind === 'refused') return <Gate stage={stage} connection={connection} />
  const room = stage.place.room.value
  const sideOpen = desk.panel.value.kind !== 'none'
  return (
    <div class={`frame${stage.drawer.value ? ' drawer-open' : ''}${sideOpen ? ' side-open' : ''}`}>
      {room === undefined ? (
        <a class="skip" href="#composer" onClick={(event) => { event.preventDefault(); document.getElementById('composer')?.focus() }}>{text.skip}</a>
      ) : null}
      <LentDoor stage={stage} />
      <Sidebar stage={stage} />
      <div class="shade" onClick={() => (stage.drawer.value = false)} aria-hidden="true" />
      <main class="main" aria-label={room === undefined ? text.conversation : text.rooms[room]} inert={stage.drawer.value}>
        <Header stage={stage} />
        <Banner stage={stage} />
        {/* What somebody reads or writes in the conversation is still there when they come back from a room. */}
        <div class="view" hidden={room !== undefined}>
          <Conversation stage={stage} builtin={isBuiltin(desk.currentModel.value)} />
          <Composer stage={stage} />
        </div>
        {room === undefined ? null : <RoomPlace stage={stage} room={room} />}
      </main>
      <SidePanel stage={stage} />
      <Palette stage={stage} />
      <SessionDialog stage={stage} />
      <Shortcuts stage={stage} />
      <ApprovalsSpoken stage={stage} />
      <Toasts desk={desk} />
    </div>
  )
}
