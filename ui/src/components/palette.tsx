import { useSignal } from '@preact/signals'
import type { VNode } from 'preact'
import { useEffect } from 'preact/hooks'
import { rooms } from '../place.ts'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'
import { sessionTitle } from '../words.ts'
import { Icon, type IconName } from './icon.tsx'
import { useModal } from './modal.ts'

interface Entry { id: string; group: string; words: string; detail: string; icon: IconName; run: () => void }

function entriesOf(stage: Stage): Entry[] {
  const { desk } = stage
  const session = desk.session.value
  const question = desk.approvals.open.value[0]
  const actions: Omit<Entry, 'group' | 'detail'>[] = [
    { id: 'new', words: text.newChat, icon: 'plus', run: desk.newChat },
    ...(!desk.running.value ? [] : [{ id: 'stop', words: text.actionStop, icon: 'stop' as const, run: () => void desk.stop() }]),
    ...(question === undefined ? [] : [{
      id: 'answer', words: text.actionAnswer, icon: 'shield' as const,
      run: () => {
        if (question.sessionKey === undefined) stage.place.enter('approvals')
        else desk.open(question.sessionKey)
        stage.sought.value = question.id
      },
    }]),
    { id: 'model', words: text.actionModel, icon: 'spark', run: () => (stage.models.value = true) },
    { id: 'people', words: text.actionPeople, icon: 'people', run: () => (desk.panel.value = { kind: 'people' }) },
    ...(session === undefined ? [] : [
      { id: 'rename', words: text.renameTitle, icon: 'pencil' as const, run: () => (stage.dialog.value = { kind: 'rename', session }) },
      { id: 'reset', words: text.reset, icon: 'reset' as const, run: () => (stage.dialog.value = { kind: 'reset', session }) },
      ...(session.isMain ? [] : [{ id: 'remove', words: text.remove, icon: 'bin' as const, run: () => (stage.dialog.value = { kind: 'remove', session }) }]),
    ]),
    ...rooms.map((name) => ({ id: `room ${name}`, words: text.rooms[name], icon: 'chevron' as const, run: () => stage.place.enter(name) })),
    ...(desk.can('models.status') ? [{ id: 'onboarding', words: text.rooms.onboarding, icon: 'check' as const, run: () => stage.place.enter('onboarding') }] : []),
    ...(stage.companion.installable.value ? [{ id: 'install', words: text.actionInstall, icon: 'down' as const, run: () => void stage.companion.install() }] : []),
    { id: 'shortcuts', words: text.shortcuts, icon: 'why', run: () => (stage.shortcuts.value = true) },
    { id: 'theme', words: text.actionTheme, icon: 'auto', run: stage.theme.next },
  ]
  return [
    ...actions.map((action): Entry => ({ ...action, group: text.paletteActions, detail: '' })),
    ...desk.sessions.value.map((row): Entry => ({
      id: `session ${row.key}`, group: text.paletteChats, words: sessionTitle(row, row.key), detail: row.preview ?? '', icon: 'chat', run: () => desk.open(row.key),
    })),
  ]
}

export function Palette(props: { stage: Stage }): VNode | null {
  return props.stage.palette.value ? <OpenPalette stage={props.stage} /> : null
}

function OpenPalette(props: { stage: Stage }): VNode {
  const { stage } = props
  const wanted = useSignal('')
  const chosen = useSignal(0)
  const query = wanted.value.trim().toLowerCase()
  const entries = entriesOf(stage).filter((entry) => query === '' || `${entry.words} ${entry.detail}`.toLowerCase().includes(query)).slice(0, 60)
  const at = Math.min(chosen.value, entries.length - 1)
  const close = (): void => {
    stage.palette.value = false
  }
  const modal = useModal((dialog) => dialog.querySelector('input'), close)
  const run = (entry: Entry | undefined): void => {
    if (entry === undefined) return
    close()
    entry.run()
  }
  useEffect(() => {
    modal.ref.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [at])
  const press = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      if (entries.length > 0) chosen.value = (at + (event.key === 'ArrowDown' ? 1 : entries.length - 1)) % entries.length
    } else if (event.key === 'Enter') {
      event.preventDefault()
      run(entries[at])
    }
  }
  return (
    <dialog class="palette" {...modal} aria-label={text.palette}>
      <label class="search tall">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-autocomplete="list"
          aria-activedescendant={entries[at] === undefined ? undefined : `palette-${at}`}
          aria-label={text.palette}
          placeholder={text.palettePlaceholder}
          value={wanted.value}
          onInput={(event) => {
            wanted.value = event.currentTarget.value
            chosen.value = 0
          }}
          onKeyDown={press}
        />
      </label>
      <div id="palette-list" class="palette-list" role="listbox" aria-label={text.palette}>
        {entries.map((entry, index) => (
          <div
            key={entry.id}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === at}
            class="palette-entry"
            onPointerMove={() => (chosen.value = index)}
            onClick={() => run(entry)}
          >
            <Icon name={entry.icon} />
            <span class="clip">{entry.words}</span>
            <span class="choice-detail clip">{entry.detail}</span>
          </div>
        ))}
      </div>
      {entries.length === 0 ? <p class="quiet rows-empty">{text.paletteEmpty}</p> : null}
    </dialog>
  )
}
