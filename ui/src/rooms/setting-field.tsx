import type { ComponentChildren, VNode } from 'preact'
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { changesOf, isAbout, isTree, pathWords, readTyped, secretMark, typedWords, valueAt, type Issue, type Place, type Steps, type Tree } from './config-form.ts'
import { valueWords } from './review-dialog.tsx'
import { settingsText as say } from './settings-text.ts'
import { soughtSetting } from './sought-setting.ts'

/** What every field of the form needs: the file as it is, as it would be, and what the gateway said about it. */
export interface Editing {
  base: Tree
  draft: Tree
  issues: readonly Issue[]
  /** The complaint whose field takes the focus once it stands, wherever it had to be opened first; whoever takes it, takes it away. */
  sought: { current: Issue | undefined }
  /** False: everything is shown and nothing can be changed. */
  may: boolean
  /** Undefined takes the key out of the file. */
  set(steps: Steps, value: unknown): void
}

/** The words in a field while they are typed: `12.` is on its way to a number, and stays as it was typed. */
function useTyped(value: unknown, toWords: (value: unknown) => string, toValue: (typed: string) => unknown): [string, (typed: string) => unknown] {
  const [typed, setTyped] = useState(() => toWords(value))
  const known = JSON.stringify(value)
  useEffect(() => {
    if (JSON.stringify(toValue(typed)) !== known) setTyped(toWords(value))
  }, [known])
  return [typed, (next) => {
    setTyped(next)
    return toValue(next)
  }]
}

const numeral = /^-?\d+(\.\d+)?$/
const asNumber = (typed: string): unknown => (typed.trim() === '' ? undefined : numeral.test(typed.trim()) ? Number(typed.trim()) : typed)
const plain = (value: unknown): string => (value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value))
const asLines = (value: unknown): string => (Array.isArray(value) ? value.map(plain).join('\n') : plain(value))

interface ControlProps { id: string; described: string; place: Place; value: unknown; editing: Editing; label: string; bad: boolean; set(value: unknown): void }

function Typed(props: ControlProps & { toWords: (value: unknown) => string; toValue: (typed: string) => unknown; placeholder: string; rows?: number; numeric?: boolean }): VNode {
  const [typed, type] = useTyped(props.value, props.toWords, props.toValue)
  const shared = { 'id': props.id, 'aria-describedby': props.described, 'aria-invalid': props.bad, 'readOnly': !props.editing.may, 'placeholder': props.placeholder, 'spellcheck': false, 'value': typed }
  if (props.rows === undefined) {
    return <input type="text" autocomplete="off" {...shared} {...(props.numeric === true ? { inputMode: 'decimal' as const } : {})} onInput={(event) => props.set(type(event.currentTarget.value))} />
  }
  return <textarea rows={Math.min(12, Math.max(props.rows, typed.split('\n').length))} {...shared} onInput={(event) => props.set(type(event.currentTarget.value))} />
}

function Hidden(props: ControlProps & { stored: unknown }): VNode {
  const reference = typeof props.value === 'string' && props.value !== secretMark
  const kept = props.stored === secretMark
  const shared = {
    'id': props.id, 'autocomplete': 'new-password', 'spellcheck': false, 'readOnly': !props.editing.may, 'aria-describedby': props.described, 'aria-invalid': props.bad,
    'placeholder': kept ? say.secretKept : '', 'value': reference ? String(props.value) : '',
    'onInput': (event: { currentTarget: HTMLInputElement }) => {
      const typed = event.currentTarget.value
      props.set(typed === '' ? props.stored : typed)
    },
  } as const
  // A reference such as ${secret:NAME} is no secret; what is typed anew stands hidden.
  return reference && /^\$\{/.test(String(props.value)) ? <input type="text" {...shared} /> : <input type="password" {...shared} />
}

function Control(props: ControlProps & { stored: unknown }): VNode {
  const { place, value, editing } = props
  const { shape } = place
  const hint = place.fallback === undefined ? '' : valueWords(place.fallback)
  const asWords = <Typed {...props} placeholder={hint === say.empty ? '' : hint} toWords={plain} toValue={(typed) => (typed === '' ? undefined : typed)} />
  if (place.secret) return <Hidden {...props} />
  // `${NAME}` may stand anywhere; it is shown as it is written.
  const reference = typeof value === 'string' && value.includes('${')
  switch (shape.kind) {
    case 'yes-no':
      return reference ? asWords : (
        <input
          type="checkbox" role="switch" class="switch" id={props.id} aria-describedby={props.described} aria-invalid={props.bad} disabled={!editing.may}
          checked={(value ?? place.fallback) === true} onChange={(event) => props.set(event.currentTarget.checked)}
        />
      )
    case 'choice': {
      if (reference) return asWords
      const at = shape.options.findIndex((option) => option === value)
      return (
        <select id={props.id} aria-describedby={props.described} aria-invalid={props.bad} disabled={!editing.may} value={String(at)} onChange={(event) => props.set(shape.options[Number(event.currentTarget.value)])}>
          <option value="-1">{value === undefined || at >= 0 ? say.defaultChoice(valueWords(place.fallback)) : plain(value)}</option>
          {shape.options.map((option, index) => <option key={index} value={String(index)}>{valueWords(option)}</option>)}
        </select>
      )
    }
    case 'number':
      return <Typed {...props} numeric placeholder={hint} toWords={plain} toValue={asNumber} />
    case 'lines': {
      const toValue = (typed: string): unknown => {
        const lines = typed.split('\n').map((line) => line.trim()).filter((line) => line !== '')
        return lines.length === 0 ? undefined : shape.numbers ? lines.map(asNumber) : lines
      }
      return <Typed {...props} rows={2} placeholder={hint === say.empty ? '' : hint} toWords={asLines} toValue={toValue} />
    }
    case 'any':
    case 'group':
    case 'list':
      return <Typed {...props} rows={2} placeholder={hint === say.empty ? '' : hint} toWords={typedWords} toValue={readTyped} />
    default:
      return asWords
  }
}

function hintOf(place: Place, stored: unknown, value: unknown): string {
  if (place.secret) return stored === undefined || stored === '' ? say.secretNone : ''
  // The choice itself names its default.
  if (place.shape.kind === 'choice' && value === undefined) return ''
  const standard = place.fallback === undefined ? say.noDefault : say.standard(valueWords(place.fallback))
  const form = place.shape.kind === 'lines' ? `${say.linesHint} ` : place.shape.kind === 'any' ? `${say.anyHint} ` : ''
  return `${form}${standard}`
}

/** One key with its help, its default, and what the gateway said about it. */
export function SettingField(props: { place: Place; steps: Steps; editing: Editing; label?: string; children?: ComponentChildren }): VNode {
  const { place, steps, editing } = props
  const id = useId()
  const path = pathWords(steps)
  const stored = valueAt(editing.base, steps)
  const value = valueAt(editing.draft, steps)
  const issues = editing.issues.filter((issue) => isAbout(issue, path))
  const label = props.label ?? place.label
  const touched = changesOf(stored, value).length > 0
  const here = useRef<HTMLDivElement>(null)
  const { sought } = editing
  useLayoutEffect(() => {
    if (sought.current === undefined || !issues.includes(sought.current)) return
    sought.current = undefined
    here.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [editing.issues])
  useLayoutEffect(() => {
    if (soughtSetting.value !== path) return
    soughtSetting.value = undefined
    const field = document.getElementById(id)
    field?.scrollIntoView({ block: 'center' })
    field?.focus({ preventScroll: true })
  }, [soughtSetting.value])
  return (
    <div class={`setting${touched ? ' touched' : ''}`} ref={here}>
      <div class="setting-words">
        <span class="setting-title">
          <label for={id}>{label}</label>
          {touched ? <span class="tag warn">{say.changed}</span> : value === undefined ? null : <span class="tag">{say.written}</span>}
          {place.restart ? <span class="tag" title={say.restartWhy}>{say.restart}</span> : null}
        </span>
        <code class="setting-path">{path}</code>
        {place.help === '' ? null : <p class="quiet">{place.help}</p>}
      </div>
      <div class="setting-control">
        <Control id={id} described={`${id}-hint`} place={place} value={value} stored={stored} editing={editing} label={label} bad={issues.length > 0} set={(next) => editing.set(steps, next)} />
        {issues.map((issue, index) => <p key={index} class="bad-words" role="alert">{issue.message}</p>)}
        <span class="setting-foot">
          <span class="quiet" id={`${id}-hint`}>{hintOf(place, stored, value)}</span>
          {value === undefined || !editing.may ? null : (
            <button type="button" class="link" aria-label={say.backOf(label)} onClick={() => editing.set(steps, undefined)}>{place.secret ? say.entryRemove : say.back}</button>
          )}
          {props.children}
        </span>
      </div>
    </div>
  )
}

/** Whether anything in here is written, changed or complained about; such parts stand open. */
function isAlive(steps: Steps, editing: Editing): boolean {
  const path = pathWords(steps)
  const value = valueAt(editing.draft, steps)
  return (isTree(value) ? Object.keys(value).length > 0 : value !== undefined) || editing.issues.some((issue) => isAbout(issue, path)) || changesOf(valueAt(editing.base, steps), value).length > 0
}

/** A key of any shape: a field, a part with more keys in it, or a list of entries. */
export function SettingPlace(props: { place: Place; steps: Steps; editing: Editing; label?: string; onRemove?: () => void }): VNode {
  const { place, steps, editing } = props
  const { shape } = place
  const label = props.label ?? place.label
  const [open, setOpen] = useState(() => isAlive(steps, editing))
  const complaints = editing.issues.some((issue) => isAbout(issue, pathWords(steps)))
  useLayoutEffect(() => {
    if (complaints) setOpen(true)
  }, [complaints])
  const remove = props.onRemove === undefined || !editing.may ? null : (
    <button type="button" class="link" aria-label={say.entryRemoveOf(label)} onClick={props.onRemove}>{say.entryRemove}</button>
  )
  if (shape.kind !== 'group' && shape.kind !== 'list') return <SettingField place={place} steps={steps} editing={editing} label={label}>{remove}</SettingField>
  return (
    <details class="setting-part" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class="setting-title">{label}</span>
        {place.restart ? <span class="tag">{say.restart}</span> : null}
        {place.help === '' ? null : <span class="quiet">{place.help}</span>}
      </summary>
      {open ? (
        <div class="setting-keys">
          <SettingKeys place={place} steps={steps} editing={editing} />
          {remove}
        </div>
      ) : null}
    </details>
  )
}

/** What is inside a part: its keys, then the entries of a person's own. */
export function SettingKeys(props: { place: Place; steps: Steps; editing: Editing }): VNode {
  const { steps, editing } = props
  const { shape, label } = props.place
  const value = valueAt(editing.draft, steps)
  if (shape.kind === 'list') {
    const entries = Array.isArray(value) ? (value as unknown[]) : []
    return (
      <>
        {entries.length === 0 ? <p class="quiet">{say.entriesNone}</p> : null}
        {entries.map((entry, index) => {
          const name = isTree(entry) ? (entry['id'] ?? entry['name']) : undefined
          return (
            <SettingPlace
              key={index} place={shape.of} steps={[...steps, index]} editing={editing} label={typeof name === 'string' && name !== '' ? name : say.entryNumber(index + 1)}
              onRemove={() => editing.set(steps, entries.length === 1 ? undefined : entries.filter((_, at) => at !== index))}
            />
          )
        })}
        {editing.may ? <button type="button" class="button small" aria-label={say.entryAddTo(label)} onClick={() => editing.set(steps, [...entries, {}])}>{say.entryAdd}</button> : null}
      </>
    )
  }
  if (shape.kind !== 'group') return <SettingField place={props.place} steps={steps} editing={editing} />
  const others = shape.others
  const known = new Set(shape.keys.map((key) => key.key))
  const own = others === undefined || !isTree(value) ? [] : Object.keys(value).filter((key) => !known.has(key))
  return (
    <>
      {shape.keys.map((key) => <SettingPlace key={key.key} place={key} steps={[...steps, key.key]} editing={editing} />)}
      {others === undefined ? null : (
        <>
          {own.length === 0 && shape.keys.length === 0 ? <p class="quiet">{say.entriesNone}</p> : null}
          {own.map((key) => <SettingPlace key={key} place={others} steps={[...steps, key]} editing={editing} label={key} onRemove={() => editing.set([...steps, key], undefined)} />)}
          {editing.may ? <NewEntry what={label} taken={own} onAdd={(name) => editing.set([...steps, name], startOf(others))} /> : null}
        </>
      )}
    </>
  )
}

function startOf(place: Place): unknown {
  switch (place.shape.kind) {
    case 'group':
      return {}
    case 'list':
    case 'lines':
      return []
    case 'yes-no':
      return false
    case 'number':
      return place.shape.least ?? 0
    default:
      return ''
  }
}

function NewEntry(props: { what: string; taken: readonly string[]; onAdd: (name: string) => void }): VNode {
  const [name, setName] = useState('')
  const wanted = name.trim()
  const ready = wanted !== '' && !props.taken.includes(wanted)
  return (
    <form class="entry-add" onSubmit={(event) => {
      event.preventDefault()
      if (!ready) return
      props.onAdd(wanted)
      setName('')
    }}>
      <input type="text" autocomplete="off" spellcheck={false} maxLength={200} aria-label={say.entryName(props.what)} placeholder={say.entryName(props.what)} value={name} onInput={(event) => setName(event.currentTarget.value)} />
      <button type="submit" class="button small" aria-label={say.entryAddTo(props.what)} disabled={!ready}>{say.entryAdd}</button>
    </form>
  )
}
