import { signal } from '@preact/signals'
import type { VNode } from 'preact'
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import '../styles/settings.css'
import { Icon } from '../components/icon.tsx'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'
import { fields, words } from '../wire.ts'
import { issuesOf, isMoved, lastSave, readConfigFile, type ConfigFile } from './config-file.ts'
import { changesOf, isAbout, leavesOf, patchOf, pathWords, readForm, replay, secretMark, withValue, type Change, type Issue, type Place } from './config-form.ts'
import { lineDiff } from './line-diff.ts'
import { DevicePanel } from './device-panel.tsx'
import { AnswerPanel, Panel, Sure, useAct, useAnswer } from './pieces.tsx'
import { ChangeList, Diff, Failure, ReviewDialog, valueWords } from './review-dialog.tsx'
import { SettingField, SettingKeys, type Editing } from './setting-field.tsx'
import { settingsText as say } from './settings-text.ts'
import { soughtSetting } from './sought-setting.ts'
import { UndoSave } from './undo-save.tsx'

/** Kept while the page is open, so that a look into another room loses nothing. */
const pending = signal<Change[]>([])
const typedFile = signal<string | undefined>(undefined)
const view = signal<'form' | 'file'>('form')
const section = signal('gateway')

/** More than this is not read in one list. */
const foundMax = 60

interface Save { params: Record<string, unknown>; method: 'config.patch' | 'config.set'; restart: boolean; done: () => void }

function Settings(props: { stage: Stage; file: ConfigFile; form: Place; again: () => void }): VNode {
  const { stage, file, form } = props
  const { desk } = stage
  const [issues, setIssues] = useState<readonly Issue[]>([])
  const [looking, setLooking] = useState(false)
  const [failure, setFailure] = useState<unknown>(undefined)
  const [moved, setMoved] = useState(false)
  const { busy, act } = useAct(stage)
  const may = desk.can('config.patch') && desk.can('config.set')
  /** What the gateway refused stands in fields; the first of them is where to look, once. */
  const sought = useRef<Issue | undefined>(undefined)

  const save = ({ method, params, restart, done }: Save): void => act(async () => {
    setFailure(undefined)
    try {
      const answer = fields(await desk.ask(method, { ...params, ...(file.hash === undefined ? {} : { baseHash: file.hash }) }))
      lastSave.value = { at: stage.now.value, before: file.raw ?? '{}\n', hash: words(answer['hash']) }
      done()
      setIssues([])
      setMoved(false)
      setLooking(false)
      props.again()
      return restart ? say.savedRestart : say.saved
    } catch (error) {
      const wrong = issuesOf(error)
      if (wrong !== undefined && wrong.length > 0) {
        sought.current = wrong[0]
        setIssues(wrong)
        setLooking(false)
      } else if (isMoved(error)) {
        setMoved(true)
        setLooking(false)
        props.again()
      } else setFailure(error)
      return undefined
    }
  })
  const close = (): void => {
    setLooking(false)
    setFailure(undefined)
  }

  return (
    <div class="settings">
      {file.issues.length > 0 ? <IssueList title={say.faults} tone="bad" issues={file.issues} /> : null}
      {file.warnings.length > 0 ? <IssueList title={say.warnings} tone="warn" issues={file.warnings} /> : null}
      {moved ? <p class="notice" role="status">{view.value === 'form' ? say.moved : say.movedFile}</p> : null}
      {may ? null : <p class="notice">{say.mayNot}</p>}
      {issues.length > 0 ? <IssueList title={`${say.invalid}. ${say.invalidHint}`} tone="bad" issues={issues} /> : null}
      <div class="settings-head">
        <div class="segments" role="group" aria-label={say.views}>
          {(['form', 'file'] as const).map((name) => (
            <button key={name} type="button" class="segment" aria-pressed={view.value === name} onClick={() => {
              view.value = name
              setIssues([])
            }}>{say[name]}</button>
          ))}
        </div>
        <code class="quiet grow clip">{file.path}</code>
        {may ? <UndoSave stage={stage} file={file} onUndone={() => { typedFile.value = undefined; props.again() }} /> : null}
      </div>
      {view.value === 'form'
        ? <Form file={file} form={form} issues={issues} sought={sought} may={may} busy={busy} looking={looking} failure={failure} onLook={() => setLooking(true)} onClose={close} save={save} onEdit={() => setIssues((now) => (now.length === 0 ? now : []))} />
        : <FileText file={file} may={may} busy={busy} looking={looking} failure={failure} onLook={() => setLooking(true)} onClose={close} save={save} />}
    </div>
  )
}

function IssueList(props: { title: string; tone: 'bad' | 'warn'; issues: readonly Issue[] }): VNode {
  return (
    <div class={`issues ${props.tone}`} role={props.tone === 'bad' ? 'alert' : undefined}>
      <strong>{props.title}</strong>
      <ul>
        {props.issues.map((issue, index) => <li key={index}>{issue.path === '' ? null : <code>{issue.path}</code>} {issue.message}{issue.line > 0 ? <span class="quiet"> ({say.line(issue.line)})</span> : null}</li>)}
      </ul>
    </div>
  )
}

/** What programs write about themselves comes last; nobody looks for it. */
const byPrograms = ['env', 'meta', 'wizard']

function partsOf(form: Place): Place[] {
  const keys = form.shape.kind === 'group' ? form.shape.keys : []
  return keys.toSorted((a, b) => byPrograms.indexOf(a.key) - byPrograms.indexOf(b.key) || a.label.localeCompare(b.label))
}

interface Shown { may: boolean; busy: boolean; looking: boolean; failure: unknown; onLook: () => void; onClose: () => void; save: (save: Save) => void }

function SaveBar(props: { count: number; onDiscard: () => void; onLook: () => void; busy: boolean; words: string }): VNode | null {
  if (props.count === 0) return null
  return (
    <div class="save-bar" role="region" aria-label={props.words}>
      <span role="status">{props.words}</span>
      <span class="grow" />
      <Sure label={say.discard} ask={say.discardAsk} busy={props.busy} onYes={props.onDiscard} />
      <button type="button" class="button small primary" onClick={props.onLook}>{say.look}</button>
    </div>
  )
}

function Form(props: Shown & { file: ConfigFile; form: Place; issues: readonly Issue[]; sought: Editing['sought']; onEdit: () => void }): VNode {
  const { file, form, may } = props
  const [wanted, setWanted] = useState('')
  const draft = useMemo(() => replay(file.parsed, pending.value), [file, pending.value])
  // Against the file as it is now: what somebody else wrote meanwhile is no change of ours.
  const changes = changesOf(file.parsed, draft)
  const editing: Editing = {
    base: file.parsed, draft, issues: props.issues, sought: props.sought, may,
    set(steps, value) {
      pending.value = changesOf(file.parsed, withValue(draft, steps, value))
      props.onEdit()
    },
  }
  const parts = useMemo(() => partsOf(form), [form])
  const leaves = useMemo(() => leavesOf(form), [form])
  const query = wanted.trim().toLowerCase()
  const found = query === '' ? [] : leaves.filter(({ place, steps }) => `${steps.join('.')} ${place.label} ${place.help}`.toLowerCase().includes(query))
  const complaint = props.issues[0]
  useLayoutEffect(() => {
    const about = complaint === undefined ? undefined : parts.find((part) => isAbout(complaint, part.key))
    if (about !== undefined) section.value = about.key
  }, [complaint])
  useLayoutEffect(() => {
    const about = parts.find((part) => part.key === soughtSetting.value?.split('.')[0])
    if (about !== undefined) section.value = about.key
  }, [soughtSetting.value, parts])
  const current = parts.find((part) => part.key === section.value) ?? parts[0]
  const touchesRestart = changes.some(({ steps }) => leaves.some((leaf) => leaf.place.restart && pathWords(leaf.steps) === pathWords(steps)))
  const mark = (part: Place): boolean => changes.some((change) => change.steps[0] === part.key)
  return (
    <>
      <label class="search">
        <Icon name="search" />
        <input type="search" placeholder={say.search} aria-label={say.search} value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
      </label>
      {query !== '' ? (
        <div class="setting-keys" role="region" aria-label={say.search}>
          <p class="quiet" role="status">{found.length === 0 ? say.searchNone : say.searchCount(found.length)}</p>
          {found.slice(0, foundMax).map(({ place, steps }) => (place.shape.kind === 'group' || place.shape.kind === 'list'
            ? <SettingJump key={steps.join('.')} place={place} path={steps.join('.')} onGo={() => { section.value = steps[0] ?? ''; setWanted('') }} part={parts.find((part) => part.key === steps[0])?.label ?? ''} />
            : <SettingField key={steps.join('.')} place={place} steps={steps} editing={editing} />))}
        </div>
      ) : (
        <div class="settings-body">
          <nav class="settings-nav" aria-label={say.sections}>
            {parts.map((part) => (
              <button key={part.key} type="button" class="room-link" aria-current={part === current ? 'true' : undefined} onClick={() => (section.value = part.key)}>
                <span class="clip">{part.label}</span>
                {mark(part) ? <span class="spot" role="img" aria-label={say.changed} /> : null}
              </button>
            ))}
          </nav>
          <label class="settings-pick">
            <span class="offscreen">{say.section}</span>
            <select value={current?.key} onChange={(event) => (section.value = event.currentTarget.value)}>
              {parts.map((part) => <option key={part.key} value={part.key}>{part.label}{mark(part) ? ' •' : ''}</option>)}
            </select>
          </label>
          {current === undefined ? null : (
            <section class="setting-keys" key={current.key} aria-label={current.label}>
              <div>
                <h3>{current.label}</h3>
                {current.help === '' ? null : <p class="quiet">{current.help}</p>}
              </div>
              <SettingKeys place={current} steps={[current.key]} editing={editing} />
            </section>
          )}
        </div>
      )}
      {may ? <SaveBar count={changes.length} words={say.changes(changes.length)} busy={props.busy} onDiscard={() => { pending.value = []; props.onEdit() }} onLook={props.onLook} /> : null}
      {props.looking && changes.length > 0 ? (
        <ReviewDialog title={say.reviewTitle} busy={props.busy} failure={props.failure} onClose={props.onClose} onSave={() => props.save({
          method: 'config.patch', params: { raw: JSON.stringify(patchOf(changes)) }, restart: touchesRestart, done: () => { pending.value = []; typedFile.value = undefined },
        })}>
          <ChangeList changes={changes} after={(change) => afterWords(change, leaves)} />
          {touchesRestart ? <p class="notice">{say.reviewRestart}</p> : null}
        </ReviewDialog>
      ) : null}
    </>
  )
}

/** A secret is not repeated on the screen, however it came into the form. */
function afterWords(change: Change, leaves: readonly { place: Place; steps: readonly string[] }[]): string {
  const typed = typeof change.after === 'string' && change.after !== '' && !/^\$\{[^}]*\}$/.test(change.after)
  const hidden = change.before === secretMark || leaves.some((leaf) => leaf.place.secret && pathWords(leaf.steps) === pathWords(change.steps)) || /(token|secret|password|key)$/i.test(String(change.steps.at(-1)))
  return typed && hidden ? say.secretReplaced : valueWords(change.after)
}

function SettingJump(props: { place: Place; path: string; part: string; onGo: () => void }): VNode {
  return (
    <div class="setting">
      <div class="setting-words">
        <span class="setting-title">{props.place.label}</span>
        <code class="setting-path">{props.path}</code>
        <p class="quiet">{props.place.help}</p>
      </div>
      <div class="setting-control"><button type="button" class="button small" onClick={props.onGo}>{say.toSection(props.part)}</button></div>
    </div>
  )
}

function FileText(props: Shown & { file: ConfigFile }): VNode {
  const { file, may } = props
  const stored = file.raw ?? ''
  const typed = typedFile.value ?? stored
  const lines = useMemo(() => lineDiff(stored, typed), [stored, typed])
  if (file.exists && file.raw === undefined) return <p class="notice">{say.fileBroken} <code>{file.path}</code></p>
  return (
    <>
      <p class="quiet">{file.exists ? say.fileHint : say.fileMissing}</p>
      <textarea
        class="file-text" aria-label={say.fileLabel} spellcheck={false} autocomplete="off" rows={Math.min(40, Math.max(14, typed.split('\n').length + 1))} readOnly={!may} value={typed}
        onInput={(event) => {
          const now = event.currentTarget.value
          typedFile.value = now === stored ? undefined : now
        }}
      />
      {may ? <SaveBar count={lines.filter((line) => line.kind === 'in' || line.kind === 'out').length} words={say.changes(lines.filter((line) => line.kind === 'in' || line.kind === 'out').length)} busy={props.busy} onDiscard={() => (typedFile.value = undefined)} onLook={props.onLook} /> : null}
      {props.looking && lines.length > 0 ? (
        <ReviewDialog title={say.reviewTitle} busy={props.busy} failure={props.failure} onClose={props.onClose} onSave={() => props.save({
          method: 'config.set', params: { raw: typed }, restart: false, done: () => { typedFile.value = undefined; pending.value = [] },
        })}>
          <Diff lines={lines} />
        </ReviewDialog>
      ) : null}
    </>
  )
}

export function SettingsRoom(props: { stage: Stage }): VNode {
  const { stage } = props
  const schema = useAnswer(stage, 'config.schema', {}, readForm)
  const file = useAnswer(stage, 'config.get', {}, readConfigFile)
  const form = schema.answer
  if (form.kind === 'failed') return <Panel title={text.rooms.settings} wide><Failure error={new Error(form.reason)} /></Panel>
  return (
    <>
    <DevicePanel stage={stage} />
    <AnswerPanel title={text.rooms.settings} hint={view.value === 'form' ? say.formHint : ''} wide answer={form.kind === 'ready' ? file.answer : { kind: form.kind }} again={file.again} tools={() => <button type="button" class="button small" onClick={() => stage.place.enter('onboarding')}>{text.rooms.onboarding}</button>}>
      {(now) => (form.kind === 'ready' ? <Settings stage={stage} file={now} form={form.value} again={file.again} /> : null)}
    </AnswerPanel>
    </>
  )
}
