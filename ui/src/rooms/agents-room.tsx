import { signal } from '@preact/signals'
import type { VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import '../styles/agents.css'
import '../styles/settings.css'
import { Icon } from '../components/icon.tsx'
import { GatewayError } from '../gateway-client.ts'
import type { Stage } from '../stage.ts'
import { fields, list, words } from '../wire.ts'
import { agentsText as say } from './agents-text.ts'
import { CredentialsPanel } from './credentials-panel.tsx'
import { lineDiff } from './line-diff.ts'
import { amount } from './measures.ts'
import { AnswerPanel, Item, Sure, useAct, useAnswer } from './pieces.tsx'
import { Diff } from './review-dialog.tsx'
import { roomText } from './text.ts'

interface Agent { id: string; name: string; emoji: string; primary: string; fallbacks: string[] }

function readAgents(payload: unknown): { agents: Agent[]; main: string } {
  const raw = fields(payload)
  return {
    main: words(raw['defaultId']) ?? 'main',
    agents: list(raw['agents']).flatMap((value) => {
      const agent = fields(value)
      const id = words(agent['id'])
      if (id === undefined) return []
      const model = fields(agent['model'])
      return [{
        id, name: words(agent['name']) ?? id, emoji: words(fields(agent['identity'])['emoji']) ?? '', primary: words(model['primary']) ?? '',
        fallbacks: list(model['fallbacks']).filter((name) => typeof name === 'string'),
      }]
    }),
  }
}

function Model(props: { stage: Stage; agent: Agent; again: () => void }): VNode {
  const { desk } = props.stage
  const { agent } = props
  const { busy, act } = useAct(props.stage)
  const models = desk.models.value
  const nameOf = (id: string): string => models.find((model) => model.id === id)?.name ?? id
  const may = desk.can('models.set')
  const pick = (select: HTMLSelectElement): void => act(async () => {
    const primary = select.value
    try {
      await desk.ask('models.set', { primary })
    } catch (error) {
      // The old model answers, so the field says it.
      select.value = agent.primary
      throw error
    }
    props.again()
    return say.modelSet(nameOf(primary))
  })
  return (
    <section class="panel" aria-labelledby="agent-model">
      <div class="panel-head"><h2 id="agent-model">{say.model}</h2></div>
      <p class="quiet">{say.modelHint}</p>
      <select aria-label={say.modelPick} disabled={busy || !may} value={agent.primary} onChange={(event) => pick(event.currentTarget)}>
        {models.some((model) => model.id === agent.primary) ? null : <option value={agent.primary}>{agent.primary}</option>}
        {models.map((model) => <option key={model.id} value={model.id} disabled={!model.available}>{`${model.name} · ${model.provider}${model.available ? '' : ` (${say.modelMissing})`}`}</option>)}
      </select>
      <p class="quiet">{agent.fallbacks.length === 0 ? say.modelNoFallback : say.modelFallbacks(agent.fallbacks.map(nameOf).join(', '))}</p>
    </section>
  )
}

const roleNames = ['owner', 'admin', 'member', 'guest'] as const

function Tools(props: { stage: Stage; agent: string }): VNode | null {
  const [as, setAs] = useState<(typeof roleNames)[number]>('owner')
  const { answer, again } = useAnswer(props.stage, 'tools.list', { agentId: props.agent, as }, (payload) => {
    const raw = fields(payload)
    return {
      tools: list(raw['tools']).map((value) => {
        const tool = fields(value)
        return { name: words(tool['name']) ?? '', about: words(tool['description']) ?? '', removedBy: words(tool['removedBy']) }
      }),
      unknown: list(raw['unknown']).map((value) => ({ list: words(fields(value)['list']) ?? '', name: words(fields(value)['name']) ?? '' })),
    }
  })
  return (
    <AnswerPanel
      title={say.tools} hint={say.toolsHint(say.asRoles[as] ?? as)} answer={answer} again={again}
      tools={({ tools }) => (
        <>
          <span class="tag">{say.toolsCount(tools.filter((tool) => tool.removedBy === undefined).length, tools.length)}</span>
          <select aria-label={say.toolsAs} value={as} onChange={(event) => setAs(roleNames.find((role) => role === event.currentTarget.value) ?? 'owner')}>
            {roleNames.map((role) => <option key={role} value={role}>{say.asRoles[role]}</option>)}
          </select>
        </>
      )}
    >
      {({ tools, unknown }) => {
        const has = tools.filter((tool) => tool.removedBy === undefined)
        const gone = tools.filter((tool) => tool.removedBy !== undefined)
        return (
          <>
            {has.length === 0 ? <p class="quiet">{say.toolsNone}</p> : (
              <ul class="items">{has.map((tool) => <Item key={tool.name} icon="tool" title={<code>{tool.name}</code>} detail={firstSentence(tool.about)} />)}</ul>
            )}
            {gone.length === 0 ? null : (
              <details class="more">
                <summary>{say.toolsGone} ({gone.length})</summary>
                <ul class="items">{gone.map((tool) => <Item key={tool.name} title={<code>{tool.name}</code>} detail={say.toolsBy(tool.removedBy ?? '')} />)}</ul>
              </details>
            )}
            {unknown.map((entry) => <p key={`${entry.list} ${entry.name}`} class="bad-words">{say.toolsUnknown(entry.name, entry.list)}</p>)}
          </>
        )
      }}
    </AnswerPanel>
  )
}

function firstSentence(about: string): string {
  const end = about.search(/\.(\s|$)/)
  return end < 0 ? about : about.slice(0, end + 1)
}

function Sandbox(props: { stage: Stage }): VNode | null {
  const { answer, again } = useAnswer(props.stage, 'sandbox.explain', {}, (payload) => {
    const raw = fields(payload)
    const lines = (name: string): string[] => list(raw[name]).filter((line) => typeof line === 'string')
    return {
      available: raw['available'] === true, backend: words(raw['backend']) ?? '', remedy: words(raw['remedy']) ?? '', promises: lines('promises'), weaker: lines('weaker'),
      words: [say.scopes[words(raw['scope']) ?? ''], say.access[words(raw['workspaceAccess']) ?? ''], say.networks[words(raw['network']) ?? '']].filter((line) => line !== undefined),
    }
  })
  return (
    <AnswerPanel title={say.sandbox} answer={answer} again={again}>
      {(sandbox) => (
        <>
          <p class={sandbox.available ? 'all-well' : 'bad-words'}>
            {sandbox.available ? <span class="dot good" aria-hidden="true" /> : null}
            {sandbox.available ? say.sandboxGood(sandbox.backend) : `${say.sandboxNone} ${sandbox.remedy}`}
          </p>
          {sandbox.available ? <ul class="plain-lines">{sandbox.words.map((line) => <li key={line}>{line}</li>)}</ul> : null}
          {([['promises', sandbox.promises], ['weaker', sandbox.weaker]] as const).map(([name, lines]) => (lines.length === 0 ? null : (
            <details key={name} class="more">
              <summary>{say[name]}</summary>
              <ul class="plain-lines">{lines.map((line) => <li key={line}>{line}</li>)}</ul>
            </details>
          )))}
        </>
      )}
    </AnswerPanel>
  )
}

interface File { name: string; missing: boolean }
interface Opened { name: string; content: string; updatedAtMs: number | null }

/** What is being written, by agent and file; kept while the page is open, so that a look elsewhere loses nothing. */
const drafts = signal<ReadonlyMap<string, string>>(new Map())

function withDraft(key: string, value: string | undefined): void {
  const next = new Map(drafts.value)
  if (value === undefined) next.delete(key)
  else next.set(key, value)
  drafts.value = next
}

function readFiles(payload: unknown): File[] {
  return list(fields(payload)['files']).flatMap((value) => {
    const file = fields(value)
    const name = words(file['name'])
    return name === undefined ? [] : [{ name, missing: file['missing'] === true }]
  })
}

function readOpened(payload: unknown): Opened {
  const file = fields(fields(payload)['file'])
  return { name: words(file['name']) ?? '', content: typeof file['content'] === 'string' ? file['content'] : '', updatedAtMs: typeof file['updatedAtMs'] === 'number' ? file['updatedAtMs'] : null }
}

const kindOf = (name: string): 'persona' | 'memory' | 'skills' => (name.startsWith('memory/') || name === 'MEMORY.md' ? 'memory' : name.startsWith('skills/') ? 'skills' : 'persona')

function Files(props: { stage: Stage; agent: string }): VNode | null {
  const { agent } = props
  const { answer, again } = useAnswer(props.stage, 'agents.files.list', { agentId: agent }, readFiles)
  const [chosen, setOpen] = useState<string | undefined>(undefined)
  const may = props.stage.desk.can('agents.files.set')
  return (
    <AnswerPanel title={say.files} hint={say.filesHint} wide answer={answer} again={again}>
      {(files) => {
        const open = chosen ?? files.find((file) => !file.missing)?.name
        return (
        <div class="files">
          <div class="file-list">
            {(['persona', 'memory', 'skills'] as const).map((kind) => {
              const rows = files.filter((file) => kindOf(file.name) === kind)
              return (
                <div key={kind} role="group" aria-label={say.kinds[kind]}>
                  <h3>{say.kinds[kind]}</h3>
                  {rows.length === 0 ? <p class="quiet">{say.kindNone}</p> : null}
                  {rows.map((file) => (
                    <button key={file.name} type="button" class="room-link" aria-current={open === file.name ? 'true' : undefined} onClick={() => setOpen(file.name)}>
                      <span class="clip">{file.name.replace(/^(memory|skills)\//, '')}</span>
                      {drafts.value.has(`${agent} ${file.name}`) ? <span class="spot" role="img" aria-label={say.unsaved} /> : file.missing ? <span class="quiet">{say.missing}</span> : null}
                    </button>
                  ))}
                </div>
              )
            })}
            {may ? <NewFile onMake={setOpen} /> : null}
          </div>
          {open === undefined ? <p class="quiet file-none">{say.choose}</p> : <FileEditor key={`${agent} ${open}`} stage={props.stage} agent={agent} name={open} may={may} onSaved={again} />}
        </div>
        )
      }}
    </AnswerPanel>
  )
}

const newName = /^(memory\/[^/]+|skills\/[^/]+(\/[^/]+){0,3})\.md$/

function NewFile(props: { onMake: (name: string) => void }): VNode {
  const [name, setName] = useState('')
  const wanted = name.trim()
  const bad = wanted !== '' && !newName.test(wanted)
  return (
    <form class="file-new" onSubmit={(event) => {
      event.preventDefault()
      if (wanted === '' || bad) return
      props.onMake(wanted)
      setName('')
    }}>
      <label class="field">
        <span>{say.newFile}</span>
        <input type="text" autocomplete="off" spellcheck={false} maxLength={200} placeholder="memory/….md" title={say.newName} aria-invalid={bad} value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      {bad ? <span class="quiet" role="status">{say.newBad}</span> : null}
      <button type="submit" class="button small" disabled={wanted === '' || bad}>{say.make}</button>
    </form>
  )
}

function FileEditor(props: { stage: Stage; agent: string; name: string; may: boolean; onSaved: () => void }): VNode {
  const { stage, agent, name, may } = props
  const { desk } = stage
  const key = `${agent} ${name}`
  const { answer, again } = useAnswer(stage, 'agents.files.get', { agentId: agent, name }, readOpened)
  const [theirs, setTheirs] = useState<Opened | undefined>(undefined)
  const { busy, act } = useAct(stage)
  const stored = answer.kind === 'ready' ? answer.value : undefined
  const typed = drafts.value.get(key) ?? stored?.content ?? ''
  const changed = stored !== undefined && typed !== stored.content
  useEffect(() => {
    if (stored !== undefined && drafts.value.get(key) === stored.content) withDraft(key, undefined)
  }, [stored])
  const save = (base: Opened): void => act(async () => {
    try {
      await desk.ask('agents.files.set', { agentId: agent, name, content: typed, updatedAtMs: base.updatedAtMs })
    } catch (error) {
      if (!(error instanceof GatewayError) || error.details['problem'] !== 'file-changed') throw error
      setTheirs(readOpened(await desk.ask('agents.files.get', { agentId: agent, name })))
      return undefined
    }
    setTheirs(undefined)
    again()
    props.onSaved()
    return say.saved(name)
  })
  if (answer.kind === 'failed') return <p class="bad-words" role="alert">{answer.reason} {answer.next}</p>
  if (stored === undefined) return <p class="quiet" role="status">{roomText.loading}</p>
  return (
    <div class="file-editor">
      <div class="panel-head">
        <h3><code>{name}</code></h3>
        {changed ? <span class="tag warn">{say.unsaved}</span> : null}
        <span class="grow" />
        <span class="quiet">{say.size(amount(typed.length))}</span>
      </div>
      {say.about[name] === undefined ? null : <p class="quiet">{say.about[name]}</p>}
      {theirs === undefined ? null : (
        <div class="issues" role="alert">
          <strong><Icon name="alert" /> {say.conflict}</strong>
          <Diff lines={lineDiff(theirs.content, typed)} />
          <div class="item-tools">
            <button type="button" class="button small" onClick={() => { withDraft(key, undefined); setTheirs(undefined); again() }}>{say.takeTheirs}</button>
            <button type="button" class="button small danger" aria-disabled={busy} onClick={() => save(theirs)}>{say.keepMine}</button>
          </div>
        </div>
      )}
      <textarea
        class="file-text prose-text" aria-label={say.edit(name)} rows={Math.min(32, Math.max(12, typed.split('\n').length + 2))} readOnly={!may} maxLength={1_000_000} value={typed}
        onInput={(event) => withDraft(key, event.currentTarget.value)}
        onKeyDown={(event) => {
          if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 's') return
          event.preventDefault()
          if (changed) save(stored)
        }}
      />
      {may ? (
        <div class="item-tools">
          <button type="button" class="button small primary" disabled={!changed} aria-disabled={busy} onClick={() => save(stored)}>{say.save}</button>
          {changed ? <Sure label={say.discard} ask={say.discardAsk} busy={busy} onYes={() => withDraft(key, undefined)} /> : null}
        </div>
      ) : <p class="quiet">{say.mayNot}</p>}
    </div>
  )
}

export function AgentsRoom(props: { stage: Stage }): VNode | null {
  const { stage } = props
  const { answer, again } = useAnswer(stage, 'agents.list', {}, readAgents)
  const [chosen, setChosen] = useState<string | undefined>(undefined)
  if (answer.kind !== 'ready') return <AnswerPanel title={say.agent} wide answer={answer} again={again}>{() => null}</AnswerPanel>
  const { agents, main } = answer.value
  const agent = agents.find((each) => each.id === (chosen ?? main)) ?? agents[0]
  if (agent === undefined) return null
  return (
    <>
      {agents.length > 1 ? (
        <div class="panel wide agent-pick" role="group" aria-label={say.agent}>
          {agents.map((each) => <button key={each.id} type="button" class="segment" aria-pressed={each === agent} onClick={() => setChosen(each.id)}>{each.emoji} {each.name}</button>)}
        </div>
      ) : null}
      <Files stage={stage} agent={agent.id} />
      <Model stage={stage} agent={agent} again={again} />
      <Sandbox stage={stage} />
      <CredentialsPanel stage={stage} onChange={stage.desk.lookAtModels} />
      <Tools stage={stage} agent={agent.id} />
    </>
  )
}
