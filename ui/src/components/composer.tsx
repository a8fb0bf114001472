import { useSignal } from '@preact/signals'
import type { FunctionComponent, VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'
import type { Shared } from '../shared.ts'
import type { OwnFile } from '../unsent.ts'
import type { CommandChoice } from '../wire.ts'
import { AddedFiles, Picker } from './added-files.tsx'
import { Icon } from './icon.tsx'
import type { VoiceToolsProps } from './voice-tools.tsx'

/** Room for the frame around a message's own bytes. */
const frameBytes = 8_192

/** As `service-worker.ts` names it. */
const sharedPlace = 'moltbot-shared'

/** A telephone or tablet, which has a camera at hand. */
const hasTouch = matchMedia('(pointer: coarse)').matches

/** Commands that begin with what stands after the slash; none once an argument is being written. */
export function matchingCommands(commands: readonly CommandChoice[], words: string): CommandChoice[] {
  const wanted = /^\/([\w-]*)$/.exec(words)?.[1]?.toLowerCase()
  if (wanted === undefined) return []
  return commands.filter((command) => command.name.startsWith(wanted) || command.aliases.some((alias) => alias.startsWith(wanted))).slice(0, 12)
}

/** What someone has begun to write survives a reload and a look at another chat. */
function draftPlace(key: string): string {
  return `moltbot.draft ${key}`
}
function readDraft(key: string): string {
  try {
    return sessionStorage.getItem(draftPlace(key)) ?? ''
  } catch {
    // Storage is forbidden: drafts live as long as the page.
    return ''
  }
}
function writeDraft(key: string, words: string): void {
  try {
    if (words === '') sessionStorage.removeItem(draftPlace(key))
    else sessionStorage.setItem(draftPlace(key), words)
  } catch {
    // Storage is forbidden or full: the draft lives as long as the page.
  }
}

export function Composer(props: { stage: Stage }): VNode {
  const { stage } = props
  const { desk } = stage
  const words = useSignal('')
  const added = useSignal<OwnFile[]>([])
  const shared = useSignal<Shared | undefined>(undefined)
  /** Whether what was shared stands in the composer already. */
  const sharedIn = useRef(false)
  /** One more each time all that was added went, unsent. */
  const emptied = useRef(0)
  const chosen = useSignal(0)
  const closed = useSignal(false)
  const dropping = useSignal(false)
  const VoiceTools = useSignal<FunctionComponent<VoiceToolsProps> | undefined>(undefined)
  const area = useRef<HTMLTextAreaElement>(null)
  const key = desk.sessionKey.value
  const shown = useRef(key)

  // Before anybody can type into it: what is typed belongs to the chat that is seen.
  useLayoutEffect(() => {
    if (shown.current === '' && key !== '') {
      // The chat has only now got its name: what was begun in it stays.
      words.value = [readDraft(key), words.value].filter((part) => part !== '').join('\n')
      writeDraft('', '')
      writeDraft(key, withoutShared())
    } else {
      words.value = readDraft(key)
      added.value = []
      emptied.current += 1
      sharedIn.current = false
    }
    shown.current = key
    // Somebody who came to answer a question is at that.
    const isAsked = document.activeElement?.closest('.ask') instanceof Element
    if (!isAsked && matchMedia('(hover: hover)').matches) area.current?.focus()
  }, [key])
  useEffect(() => {
    let isLeft = false
    const take = async (): Promise<void> => {
      // What was shared goes with the person from chat to chat, until they send it or take it away. Most visits bring nothing.
      const { readShared } = await import('../shared.ts')
      const found = shared.value ?? await readShared()
      if (isLeft || sharedIn.current || found === undefined) return
      sharedIn.current = true
      shared.value = found
      if (!words.value.includes(found.words)) words.value = [words.value, found.words].filter((part) => part !== '').join('\n')
      await add(found.files)
    }
    // Plain http on another machine has no such storage.
    if ('caches' in globalThis) void caches.has(sharedPlace).then((has) => (has ? take() : undefined)).catch(desk.complain)
    return () => {
      isLeft = true
    }
  }, [key])
  const withoutShared = (): string => (shared.value === undefined ? words.value : words.value.replace(shared.value.words, '').trim())
  useEffect(() => {
    // They come when everything else is there: typing never waits for them.
    const load = (): void => void import('./voice-tools.tsx').then((part) => { VoiceTools.value = part.VoiceTools }, () => undefined)
    const timer = setTimeout(load, 300)
    return () => clearTimeout(timer)
  }, [])
  const forgetShared = (): void => {
    shared.value = undefined
    void import('../shared.ts').then(({ dropShared }) => dropShared()).catch(desk.complain)
  }
  const draft = stage.draft.value
  useLayoutEffect(() => {
    if (draft === undefined) return
    words.value = words.value.trim() === '' || draft.words === '' ? draft.words || words.value : `${words.value}\n${draft.words}`
    stage.draft.value = undefined
    area.current?.focus()
  }, [draft])
  useLayoutEffect(() => {
    const box = area.current
    if (box === null || CSS.supports('field-sizing', 'content')) return
    box.style.height = 'auto'
    box.style.height = `${box.scrollHeight}px`
  }, [words.value])
  // What was shared is kept elsewhere, for whichever chat it goes to.
  useEffect(() => writeDraft(key, withoutShared()), [words.value])

  const matches = closed.value ? [] : matchingCommands(desk.commands.value, words.value)
  const at = Math.min(chosen.value, matches.length - 1)
  const online = desk.connection.value.kind === 'online'
  const busy = desk.running.value
  const ready = words.value.trim() !== '' || added.value.length > 0

  const add = async (list: Iterable<File>): Promise<void> => {
    // The list of a file input empties itself as soon as the input is cleared.
    const chosen = [...list]
    if (chosen.length === 0) return
    const before = emptied.current
    try {
      const { addFiles } = await import('../own-files.ts')
      for (const result of await addFiles(chosen, added.value.length, desk.hello.value?.files)) {
        // Meanwhile somebody may have gone to another chat, or taken it away.
        if (before !== emptied.current) return
        if (result.kind === 'added') added.value = [...added.value, result.file]
        else desk.say('bad', result.words)
      }
    } catch (error) {
      desk.complain(error)
    }
  }
  const send = (): void => {
    if (!ready) return
    const bytes = new TextEncoder().encode(words.value).length + added.value.reduce((sum, file) => sum + file.data.length, 0)
    if (bytes + frameBytes > (desk.hello.value?.payloadMax ?? Infinity)) return desk.say('bad', text.tooLong)
    desk.send(words.value.trim(), added.value)
    if (shared.value !== undefined) forgetShared()
    words.value = ''
    added.value = []
    writeDraft(key, '')
    area.current?.focus()
  }
  const complete = (command: CommandChoice): void => {
    words.value = `/${command.name}${command.args === '' ? '' : ' '}`
    closed.value = command.args === ''
    area.current?.focus()
  }
  const press = (event: KeyboardEvent): void => {
    if (event.isComposing) return
    if (matches.length > 0) {
      const picked = matches[at]
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        event.preventDefault()
        chosen.value = (at + (event.key === 'ArrowDown' ? 1 : matches.length - 1)) % matches.length
        return
      }
      if (event.key === 'Escape') {
        event.preventDefault()
        closed.value = true
        return
      }
      const exact = picked !== undefined && words.value === `/${picked.name}`
      if (picked !== undefined && (event.key === 'Tab' || (event.key === 'Enter' && !event.shiftKey && !exact))) {
        event.preventDefault()
        complete(picked)
        return
      }
    }
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      send()
    }
  }

  return (
    <form
      class={`composer-place${dropping.value ? ' dropping' : ''}`}
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
      onDragOver={(event) => {
        event.preventDefault()
        dropping.value = true
      }}
      onDragLeave={() => (dropping.value = false)}
      onDrop={(event) => {
        event.preventDefault()
        dropping.value = false
        void add(event.dataTransfer?.files ?? [])
      }}
    >
      <div class="composer-column">
        {matches.length > 0 ? (
          <div class="commands" id="commands" role="listbox" aria-label={text.commandsList}>
            {matches.map((command, index) => (
              <div
                key={command.name}
                id={`command-${index}`}
                role="option"
                aria-selected={index === at}
                class="command"
                onPointerDown={(event) => {
                  event.preventDefault()
                  complete(command)
                }}
              >
                <code>/{command.name}</code>
                <span class="quiet">{command.args}</span>
                <span class="clip">{command.description}</span>
              </div>
            ))}
          </div>
        ) : null}
        <div class="composer">
          {shared.value === undefined ? null : (
            <p class="shared-note" role="status">
              <span>{text.shared}</span>
              <button type="button" class="button small" onClick={() => {
                words.value = withoutShared()
                added.value = []
                emptied.current += 1
                forgetShared()
              }}>{text.sharedAway}</button>
            </p>
          )}
          <AddedFiles files={added.value} onRemove={(gone) => (added.value = added.value.filter((file) => file !== gone))} />
          <textarea
            id="composer"
            ref={area}
            rows={1}
            value={words.value}
            placeholder={online || desk.connection.value.kind === 'connecting' ? text.composerPlaceholder : text.composerOffline}
            aria-label={text.composer}
            aria-describedby="composer-hint"
            aria-autocomplete="list"
            aria-controls={matches.length > 0 ? 'commands' : undefined}
            aria-activedescendant={matches.length > 0 ? `command-${at}` : undefined}
            enterkeyhint="send"
            onInput={(event) => {
              words.value = event.currentTarget.value
              chosen.value = 0
              closed.value = false
            }}
            onKeyDown={press}
            onPaste={(event) => {
              const pasted = [...(event.clipboardData?.files ?? [])]
              if (pasted.length === 0) return
              event.preventDefault()
              void add(pasted)
            }}
          />
          <div class="composer-tools">
            <Picker label={text.attach} icon="clip" multiple onFiles={add} />
            {hasTouch ? <Picker label={text.takePhoto} icon="camera" accept="image/*" capture="environment" onFiles={add} /> : null}
            {VoiceTools.value === undefined ? null : (
              <VoiceTools.value
                stage={stage}
                onWords={(said) => (words.value = [words.value.trimEnd(), said].filter((part) => part !== '').join(' '))}
                onNote={(note) => (added.value = [...added.value, note])}
              />
            )}
            <span class="grow" />
            {busy ? (
              <button type="button" class="round stop" aria-label={text.stop} title={`${text.stop} (Esc)`} onClick={() => void desk.stop()}>
                <Icon name="stop" />
              </button>
            ) : null}
            {busy && !ready ? null : (
              <button type="submit" class="round" aria-label={text.send} title={text.send} disabled={!ready}>
                <Icon name="send" />
              </button>
            )}
          </div>
        </div>
        <p class="hint" id="composer-hint">{text.composerHint}</p>
      </div>
    </form>
  )
}
