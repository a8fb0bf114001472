import { useSignal } from '@preact/signals'
import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { rooms, type RoomName } from '../place.ts'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'
import type { SessionRow } from '../wire.ts'
import { ago, sessionTitle } from '../words.ts'
import { Icon, Mark, type IconName } from './icon.tsx'

const shortcut = /mac|iphone|ipad/i.test(navigator.platform) ? '⌘K' : 'Ctrl K'

function RowMenu(props: { stage: Stage; session: SessionRow; title: string; opener: { current: HTMLElement | null }; onClose: () => void }): VNode {
  const { stage, session } = props
  const place = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    place.current?.querySelector('button')?.focus()
    const leave = (event: Event): void => {
      // What opens it closes it too, with the click that follows.
      if (event.target instanceof Node && (place.current?.contains(event.target) === true || props.opener.current?.contains(event.target) === true)) return
      props.onClose()
    }
    addEventListener('pointerdown', leave)
    return () => removeEventListener('pointerdown', leave)
  }, [])
  const move = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      event.preventDefault()
      event.stopPropagation()
      return props.onClose()
    }
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
    event.preventDefault()
    const items = [...(place.current?.querySelectorAll('button') ?? [])]
    const at = items.indexOf(document.activeElement as HTMLButtonElement)
    items[(at + (event.key === 'ArrowDown' ? 1 : items.length - 1)) % items.length]?.focus()
  }
  const act = (kind: 'rename' | 'reset' | 'remove') => () => {
    props.onClose()
    stage.dialog.value = { kind, session }
  }
  return (
    <div class="menu" role="menu" aria-label={text.chatMenu(props.title)} ref={place} onKeyDown={move}>
      <button type="button" role="menuitem" onClick={act('rename')}><Icon name="pencil" />{text.rename}</button>
      <button type="button" role="menuitem" onClick={act('reset')}><Icon name="reset" />{text.reset}</button>
      {session.isMain ? null : <button type="button" role="menuitem" class="bad" onClick={act('remove')}><Icon name="bin" />{text.remove}</button>}
    </div>
  )
}

function Row(props: { stage: Stage; session: SessionRow; menu: string; onMenu: (key: string) => void }): VNode {
  const { stage, session } = props
  const { desk } = stage
  const current = stage.place.room.value === undefined && desk.sessionKey.value === session.key
  const asks = desk.approvals.open.value.some((approval) => approval.sessionKey === session.key)
  const title = sessionTitle(session, session.key)
  const unread = desk.unread.value.has(session.key)
  const opener = useRef<HTMLButtonElement>(null)
  return (
    <li class={`row${current ? ' current' : ''}`}>
      <button
        type="button"
        class="row-open"
        aria-current={current ? 'page' : undefined}
        onClick={() => {
          desk.open(session.key)
          stage.drawer.value = false
        }}
      >
        <span class="row-title">
          {unread ? <span class="spot" role="img" aria-label={text.unread} /> : null}
          <span class="clip">{title}</span>
        </span>
        <span class="row-detail">
          {asks ? <span class="row-asks">{text.approvalRow}</span> : null}
          <span class="clip">{session.running ? text.running : (session.preview ?? (session.channel === undefined ? '' : text.through(session.channel)))}</span>
          {session.updatedAt === null ? null : <span class="row-time">{ago(session.updatedAt, stage.now.value)}</span>}
        </span>
      </button>
      <button
        type="button"
        ref={opener}
        class="tool-button row-more"
        aria-label={text.chatMenu(title)}
        aria-haspopup="menu"
        aria-expanded={props.menu === session.key}
        onClick={() => props.onMenu(props.menu === session.key ? '' : session.key)}
      >
        <Icon name="more" />
      </button>
      {props.menu === session.key ? (
        <RowMenu
          stage={stage}
          session={session}
          title={title}
          opener={opener}
          onClose={() => {
            props.onMenu('')
            opener.current?.focus()
          }}
        />
      ) : null}
    </li>
  )
}

function Channels(props: { stage: Stage }): VNode | null {
  const chips = props.stage.desk.channels.value
  if (chips.length === 0) return null
  return (
    <div class="channels" role="group" aria-label={text.channels}>
      <ul>
        {chips.map((chip) => (
          <li key={`${chip.channel}/${chip.account}`} class={`chip ${chip.state}`} title={chip.detail === '' ? undefined : chip.detail}>
            <span class="dot" aria-hidden="true" />
            <span class="clip">{chip.label}</span>
            <span class={chip.state === 'connected' ? 'offscreen' : 'chip-state'}>{text.channelStates[chip.state]}</span>
            {chip.state === 'needs-you' && chip.detail !== '' ? <span class="chip-detail">{chip.detail}</span> : null}
          </li>
        ))}
      </ul>
    </div>
  )
}

const roomIcons: Record<(typeof rooms)[number], IconName> = { home: 'home', approvals: 'check', people: 'people', channels: 'plug', agents: 'spark', automations: 'clock', usage: 'coin', security: 'shield', logs: 'lines', settings: 'sliders' }

function Rooms(props: { stage: Stage }): VNode {
  const { desk, place, drawer } = props.stage
  const calls: Partial<Record<RoomName, number>> = { approvals: desk.approvals.open.value.length, people: desk.pairing.value.length + desk.devices.value.length }
  return (
    <ul class="rooms-nav" aria-label={text.roomsNav}>
      {rooms.map((name) => (
        <li key={name}>
          <button
            type="button"
            class="room-link"
            aria-current={place.room.value === name ? 'page' : undefined}
            onClick={() => {
              place.enter(name)
              drawer.value = false
            }}
          >
            <Icon name={roomIcons[name]} />
            <span class="clip">{text.rooms[name]}</span>
            {(calls[name] ?? 0) > 0 ? <span class="count">{calls[name]}</span> : null}
          </button>
        </li>
      ))}
    </ul>
  )
}

export function Sidebar(props: { stage: Stage }): VNode {
  const { stage } = props
  const { desk, theme } = stage
  const wanted = useSignal('')
  const menu = useSignal('')
  const query = wanted.value.trim().toLowerCase()
  const rows = desk.sessions.value.filter((session) => query === '' || `${sessionTitle(session, session.key)} ${session.preview ?? ''} ${session.key}`.toLowerCase().includes(query))
  const closer = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (stage.drawer.value) closer.current?.focus()
  }, [stage.drawer.value])
  const themeWord = { system: text.themeSystem, light: text.themeLight, dark: text.themeDark }[theme.theme.value]
  const themeIcon = ({ system: 'auto', light: 'sun', dark: 'moon' } as const)[theme.theme.value]
  return (
    <nav class="sidebar" aria-label={text.sessions}>
      <div class="brand">
        <Mark />
        <span class="brand-name">{text.appName}</span>
        <button type="button" ref={closer} class="tool-button narrow-only" aria-label={text.closeMenu} title={text.closeMenu} onClick={() => (stage.drawer.value = false)}>
          <Icon name="close" />
        </button>
        <button type="button" class="tool-button" title={themeWord} aria-label={themeWord} onClick={theme.next}>
          <Icon name={themeIcon} />
        </button>
      </div>
      <button
        type="button"
        class="button wide"
        onClick={() => {
          desk.newChat()
          stage.drawer.value = false
          document.getElementById('composer')?.focus()
        }}
      >
        <Icon name="plus" />
        {text.newChat}
      </button>
      <label class="search">
        <Icon name="search" />
        <input type="search" placeholder={text.searchChats} aria-label={text.searchChats} value={wanted.value} onInput={(event) => (wanted.value = event.currentTarget.value)} />
        <kbd aria-hidden="true">{shortcut}</kbd>
      </label>
      <div class="rows" role="region" aria-label={text.sessions} tabIndex={-1}>
        {rows.length === 0 && desk.sessionsLoaded.value ? <p class="quiet rows-empty">{query === '' ? text.noChats : text.noMatch}</p> : null}
        <ul>
          {rows.map((session) => (
            <Row key={session.key} stage={stage} session={session} menu={menu.value} onMenu={(key) => (menu.value = key)} />
          ))}
        </ul>
      </div>
      <Rooms stage={stage} />
      <Channels stage={stage} />
    </nav>
  )
}
