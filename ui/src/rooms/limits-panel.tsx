import type { VNode } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Stage } from '../stage.ts'
import { fields, list, words } from '../wire.ts'
import { money } from '../words.ts'
import { lastSave, readConfigFile, type ConfigFile } from './config-file.ts'
import { isTree, patchOf, valueAt, type Change, type Steps } from './config-form.ts'
import { limitChange, limitsOf, limitSteps, readAmount, type Limit, type LimitPeriod } from './limits.ts'
import { when } from './measures.ts'
import type { Cap } from './money.ts'
import { AnswerPanel, Bar, useAnswer, type Answer } from './pieces.tsx'
import { ChangeList, ReviewDialog } from './review-dialog.tsx'
import { roomText } from './text.ts'
import { UndoSave } from './undo-save.tsx'
import { usageText as say } from './usage-text.ts'

/** What somebody is called, by what money is counted for. */
export type NameOf = (kind: string, id: string) => string

type Propose = (steps: Steps, amount: number | 'off' | undefined) => void

function nameOfLimit({ scope, id, period }: Limit, nameOf: NameOf): string {
  const who = scope === 'gateway' ? [say.capScopes[scope]] : id === '*' ? [say.capEach[scope]] : [say.capScopes[scope], nameOf(scope, id)]
  return [...who, say.capPeriods[period]].join(' ')
}

function LimitForm(props: { name: string; limit: Limit; propose: Propose; onClose: () => void }): VNode {
  const { limit, name } = props
  const [typed, setTyped] = useState(limit.amount === 'off' ? '' : String(limit.amount))
  const [off, setOff] = useState(limit.amount === 'off')
  const input = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => input.current?.select(), [])
  const amount = off ? 'off' : readAmount(typed)
  return (
    <form
      class="limit-form inset-row"
      onSubmit={(event) => {
        event.preventDefault()
        if (amount !== undefined) props.propose(limit.steps, amount)
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.preventDefault()
        event.stopPropagation()
        props.onClose()
      }}
    >
      <label class="field">
        <span>{say.capNew(name)}</span>
        <input ref={input} type="text" inputMode="decimal" autocomplete="off" disabled={off} value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
      </label>
      <label class="check"><input type="checkbox" checked={off} onChange={(event) => setOff(event.currentTarget.checked)} />{say.capNone}</label>
      <div class="item-tools">
        <button type="button" class="button small" onClick={props.onClose}>{roomText.cancel}</button>
        {limit.scope === 'gateway' || limit.shared ? null : <button type="button" class="button small" onClick={() => props.propose(limit.steps, undefined)}>{say.capRemove}</button>}
        <button type="submit" class="button small primary" disabled={amount === undefined}>{say.capLook}</button>
      </div>
    </form>
  )
}

function LimitRow(props: { limit: Limit; name: string; propose: Propose | undefined }): VNode {
  const { limit, name, propose } = props
  const { spent, amount } = limit
  const [open, setOpen] = useState(false)
  const tone = spent === undefined || amount === 'off' ? 'plain' : spent.usd >= amount ? 'bad' : spent.usd >= 0.8 * amount ? 'warn' : 'plain'
  const figure = amount === 'off' ? say.capOff : spent === undefined ? money(amount) : say.capOf(money(spent.usd), money(amount))
  const hints = [limit.shared ? say.capShared : '', spent?.resetsAt === undefined ? '' : say.capResets(when(spent.resetsAt))].filter((hint) => hint !== '')
  return (
    <li class="cap">
      <div class="cap-words">
        <span class="item-title">{name}</span>
        <span class={tone === 'bad' ? 'bad-words' : ''}>{figure}</span>
      </div>
      {spent === undefined || amount === 'off' ? null : <Bar part={spent.usd} whole={amount} tone={tone} />}
      <div class="cap-words">
        <span class="quiet">{hints.join(' · ')}</span>
        {propose === undefined || open ? null : (
          <button type="button" class="button small" onClick={() => setOpen(true)}>
            <span aria-hidden="true">{limit.shared ? say.capOwn : say.capChange}</span>
            <span class="offscreen">{limit.shared ? say.capOwnOf(name) : say.capChangeOf(name)}</span>
          </button>
        )}
      </div>
      {open && propose !== undefined ? <LimitForm name={name} limit={limit} propose={propose} onClose={() => setOpen(false)} /> : null}
    </li>
  )
}

const scopes = ['person', 'agent', 'channel'] as const

function AddLimit(props: { known: Record<(typeof scopes)[number], { id: string; name: string }[]>; propose: Propose }): VNode {
  const [open, setOpen] = useState(false)
  const [scope, setScope] = useState<(typeof scopes)[number]>('person')
  const [id, setId] = useState('*')
  const [period, setPeriod] = useState<LimitPeriod>('day')
  const [typed, setTyped] = useState('')
  const first = useRef<HTMLSelectElement>(null)
  useLayoutEffect(() => {
    if (open) first.current?.focus()
  }, [open])
  const amount = readAmount(typed)
  if (!open) return <button type="button" class="button small" onClick={() => setOpen(true)}>{say.capAdd}</button>
  return (
    <form class="limit-form inset-row" aria-label={say.capAdd} onSubmit={(event) => {
      event.preventDefault()
      if (amount !== undefined) props.propose(limitSteps(scope, id, period), amount)
    }}>
      <label class="field">
        <span>{say.capFor}</span>
        <select ref={first} value={scope} onChange={(event) => { setScope(scopes.find((known) => known === event.currentTarget.value) ?? 'person'); setId('*') }}>
          {scopes.map((known) => <option key={known} value={known}>{say.capScopes[known]}</option>)}
        </select>
      </label>
      <label class="field">
        <span>{say.capWho}</span>
        <select value={id} onChange={(event) => setId(event.currentTarget.value)}>
          <option value="*">{say.capEach[scope]}</option>
          {props.known[scope].map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
        </select>
      </label>
      <label class="field">
        <span>{say.capPeriod}</span>
        <select value={period} onChange={(event) => setPeriod(event.currentTarget.value === 'month' ? 'month' : 'day')}>
          {(['day', 'month'] as const).map((known) => <option key={known} value={known}>{say.capPeriods[known]}</option>)}
        </select>
      </label>
      <label class="field amount">
        <span>{say.capAmount}</span>
        <input type="text" inputMode="decimal" autocomplete="off" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
      </label>
      <div class="item-tools">
        <button type="button" class="button small" onClick={() => setOpen(false)}>{roomText.cancel}</button>
        <button type="submit" class="button small primary" disabled={amount === undefined}>{say.capLook}</button>
      </div>
    </form>
  )
}

const reachedSteps = ['budgets', 'whenReached']

/** What happens at a limit. A model that takes over is named in the settings; here it can only be kept. */
function WhenReached(props: { file: ConfigFile; propose: (change: Change) => void }): VNode {
  const now = valueAt(props.file.effective, reachedSteps)
  const model = isTree(now) ? words(now['model']) : undefined
  return (
    <label class="when-reached">
      <span>{say.reached}</span>
      <select value={model === undefined ? String(now) : 'model'} onChange={(event) => {
        const chosen = event.currentTarget.value
        // Until it is saved, what holds is what is shown.
        event.currentTarget.value = model === undefined ? String(now) : 'model'
        if (chosen !== 'model') props.propose({ steps: reachedSteps, before: now, after: chosen })
      }}>
        {Object.entries(say.reachedKinds).map(([value, label]) => <option key={value} value={value}>{label}</option>)}
        {model === undefined ? null : <option value="model">{say.reachedModel(model)}</option>}
      </select>
    </label>
  )
}

/** What may be spent, by whom and in which time; changed after a last look, and undone while nobody else wrote the file. */
export function LimitsPanel(props: { stage: Stage; caps: Answer<readonly Cap[]>; again: () => void; nameOf: NameOf }): VNode | null {
  const { stage, caps, nameOf } = props
  const { desk } = stage
  const config = useAnswer(stage, 'config.get', {}, readConfigFile)
  const agents = useAnswer(stage, 'agents.list', {}, (payload) => list(fields(payload)['agents']).flatMap((value) => words(fields(value)['id']) ?? []))
  const people = useAnswer(stage, 'principals.list', {}, (payload) => list(fields(payload)['people']).flatMap((value) => words(fields(value)['id']) ?? []))
  const [proposed, setProposed] = useState<Change | undefined>(undefined)
  const [failure, setFailure] = useState<unknown>(undefined)
  const [busy, setBusy] = useState(false)
  const [saves, setSaves] = useState(0)
  const may = desk.can('config.patch') && desk.can('config.set')
  const file = config.answer.kind === 'ready' ? config.answer.value : undefined

  const look = (change: Change): void => {
    setFailure(undefined)
    setProposed(change)
  }
  const again = (): void => {
    // What is open was about what held before.
    setSaves(saves + 1)
    config.again()
    props.again()
  }
  const save = async (change: Change, before: ConfigFile): Promise<void> => {
    setBusy(true)
    setFailure(undefined)
    try {
      const answer = fields(await desk.ask('config.patch', { raw: JSON.stringify(patchOf([change])), ...(before.hash === undefined ? {} : { baseHash: before.hash }) }))
      lastSave.value = before.exists && before.raw === undefined ? undefined : { at: stage.now.value, before: before.raw ?? '{}\n', hash: words(answer['hash']) }
      setProposed(undefined)
      desk.say('plain', say.capSaved)
      again()
    } catch (error) {
      setFailure(error)
      // Somebody may have written the file meanwhile; the next press is about that one.
      config.again()
    } finally {
      setBusy(false)
    }
  }
  const propose = file === undefined || !may ? undefined : (steps: Steps, amount: number | 'off' | undefined): void => look(limitChange(file.parsed, file.effective, steps, amount))
  const id = (name: string, scope: string): { id: string; name: string } => ({ id: name, name: nameOf(scope, name) })
  const known = {
    person: people.answer.kind === 'ready' ? people.answer.value.map((name) => id(name, 'person')) : [],
    agent: agents.answer.kind === 'ready' ? agents.answer.value.map((name) => id(name, 'agent')) : [],
    channel: [...new Set([...desk.channels.value.map(({ channel }) => channel), 'web', 'terminal', 'openai-http'])].map((name) => id(name, 'channel')),
  }
  return (
    <AnswerPanel
      title={say.caps}
      hint={say.capsHint}
      wide
      answer={caps}
      again={props.again}
      tools={() => (file === undefined || !may ? null : <UndoSave stage={stage} file={file} onUndone={again} />)}
    >
      {(list) => (
        <>
          <ul class="items limits" key={saves}>
            {limitsOf(file?.effective ?? {}, list).map((limit) => <LimitRow key={limit.steps.join(' ')} limit={limit} name={nameOfLimit(limit, nameOf)} propose={propose} />)}
          </ul>
          {propose === undefined || file === undefined ? null : (
            <div class="limits-foot" key={`foot ${saves}`}>
              <AddLimit known={known} propose={propose} />
              <WhenReached file={file} propose={look} />
            </div>
          )}
          {proposed === undefined || file === undefined ? null : (
            <ReviewDialog title={say.capReview} busy={busy} failure={failure} onClose={() => setProposed(undefined)} onSave={() => void save(proposed, file)}>
              <ChangeList changes={[proposed]} />
            </ReviewDialog>
          )}
        </>
      )}
    </AnswerPanel>
  )
}
