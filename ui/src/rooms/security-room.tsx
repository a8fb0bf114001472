import type { VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { CopyButton } from '../components/copy-button.tsx'
import type { Stage } from '../stage.ts'
import { fields, list, words } from '../wire.ts'
import { lastSave, readConfigFile, type ConfigFile } from './config-file.ts'
import { patchOf, valueAt, type Change } from './config-form.ts'
import { Emergency } from './emergency.tsx'
import { bytes, span, when } from './measures.ts'
import { usePersonNames } from './person-names.ts'
import { AnswerPanel, Item, useAct, useAnswer } from './pieces.tsx'
import { ChangeList, ReviewDialog } from './review-dialog.tsx'
import { readReview, type Finding } from './review.ts'
import { SecondFactor } from './second-factor.tsx'
import { roomText } from './text.ts'
import { UndoSave } from './undo-save.tsx'

/** A deep review knocks at the port and waits for the answers. */
const reviewMs = 60_000
const tones = { critical: 'bad', warn: 'warn', info: undefined } as const

function FindingRow(props: { finding: Finding; propose: ((setting: NonNullable<Finding['setting']>) => void) | undefined }): VNode {
  const { finding, propose } = props
  const { setting, command } = finding
  const tone = tones[finding.severity]
  return (
    <li class="finding">
      <span class={`tag ${tone ?? ''}`}>{roomText.severities[finding.severity]}</span>
      <div class="item-words">
        <span class="item-title">{finding.evidence}</span>
        <span class="finding-remedy">{finding.remedy}</span>
        <span class="quiet">{finding.check}{finding.subject === '' || finding.subject === finding.check ? '' : ` · ${finding.subject}`}</span>
        {command === undefined ? null : <span class="quiet command-line">{roomText.fixByHand} <code>{command}</code><CopyButton quiet value={() => command} label={command} /></span>}
      </div>
      {setting === undefined || propose === undefined ? null : (
        <div class="item-tools">
          <button type="button" class="button small" aria-label={roomText.fixOf(finding.subject)} onClick={() => propose(setting)}>{roomText.fix}</button>
        </div>
      )}
    </li>
  )
}

function ReviewPanel(props: { stage: Stage }): VNode | null {
  const [deep, setDeep] = useState(false)
  const { answer, again } = useAnswer(props.stage, 'security.audit', deep ? { deep } : {}, readReview, reviewMs)
  const { desk } = props.stage
  const config = useAnswer(props.stage, 'config.get', {}, readConfigFile)
  const file = config.answer.kind === 'ready' ? config.answer.value : undefined
  const [proposed, setProposed] = useState<Change | undefined>(undefined)
  const [failure, setFailure] = useState<unknown>(undefined)
  const [busy, setBusy] = useState(false)
  const lookAgain = (): void => {
    config.again()
    again()
  }
  const fix = async (change: Change, before: ConfigFile): Promise<void> => {
    setBusy(true)
    setFailure(undefined)
    try {
      const saved = fields(await desk.ask('config.patch', { raw: JSON.stringify(patchOf([change])), ...(before.hash === undefined ? {} : { baseHash: before.hash }) }))
      lastSave.value = before.exists && before.raw === undefined ? undefined : { at: props.stage.now.value, before: before.raw ?? '{}\n', hash: words(saved['hash']) }
      setProposed(undefined)
      desk.say('plain', roomText.fixDone)
      again()
    } catch (error) {
      setFailure(error)
    } finally {
      setBusy(false)
      // Somebody may have written the file meanwhile; the next press is about that one.
      config.again()
    }
  }
  const propose = file === undefined || !desk.can('config.patch') ? undefined : ({ path, value }: NonNullable<Finding['setting']>): void => {
    const steps = path.split('.')
    setFailure(undefined)
    setProposed({ steps, before: valueAt(file.effective, steps), after: value ?? undefined })
  }
  // The gateway's own review, which it repeats, found something else than the one before.
  const reviewed = props.stage.desk.reviewed.value
  useEffect(() => {
    if (reviewed > 0) again()
  }, [reviewed])
  return (
    <>
      <AnswerPanel
        title={roomText.review}
        wide
        answer={answer}
        again={again}
        loading={roomText.reviewing}
        tools={() => (
          <>
            {file === undefined || !desk.can('config.set') ? null : <UndoSave stage={props.stage} file={file} onUndone={lookAgain} />}
            <label class="check"><input type="checkbox" checked={deep} onChange={(event) => setDeep(event.currentTarget.checked)} />{roomText.reviewDeep}</label>
            <button type="button" class="button small" onClick={again}>{roomText.reviewRun}</button>
          </>
        )}
      >
        {({ findings, checks }) => {
          const clean = checks.filter((check) => check.outcome === 'clean')
          const skipped = checks.filter((check) => check.outcome === 'not-looked-at').length
          const found = checks.length - clean.length - skipped
          return (
            <>
              <p class={findings.length === 0 ? 'all-well' : ''}>
                {findings.length === 0 ? <span class="dot good" aria-hidden="true" /> : null}
                {findings.length === 0 ? roomText.reviewClean(clean.length) : roomText.reviewCount(found, checks.length - skipped)}
                {skipped === 0 ? null : <span class="quiet"> {roomText.reviewSkipped(skipped)}</span>}
              </p>
              <ul class="items">
                {findings.map((finding) => <FindingRow key={`${finding.check} ${finding.subject} ${finding.evidence}`} finding={finding} propose={propose} />)}
              </ul>
              {clean.length === 0 ? null : (
                <details class="more">
                  <summary>{roomText.checksFine(clean.length)}</summary>
                  <ul class="plain-lines">{clean.map((check) => <li key={check.id}>{check.title}</li>)}</ul>
                </details>
              )}
            </>
          )
        }}
      </AnswerPanel>
      {/* Beside the panel, which is dimmed while it is asked anew. */}
      {proposed === undefined || file === undefined ? null : (
        <ReviewDialog title={roomText.fixReview} busy={busy} failure={failure} onClose={() => setProposed(undefined)} onSave={() => void fix(proposed, file)}>
          <ChangeList changes={[proposed]} />
        </ReviewDialog>
      )}
    </>
  )
}

interface Line { seq: number; at: number; act: string; who: string; subject: string; outcome: string; reason: string }

function readLines(payload: unknown): { lines: Line[]; next: number | undefined } {
  const raw = fields(payload)
  return {
    next: typeof raw['next'] === 'number' ? raw['next'] : undefined,
    lines: list(raw['lines']).flatMap((value) => {
      const line = fields(value)
      if (typeof line['seq'] !== 'number') return []
      return [{
        seq: line['seq'], at: typeof line['at'] === 'number' ? line['at'] : 0, act: words(line['act']) ?? '', who: words(line['principal']) ?? '', subject: words(line['subject']) ?? '',
        outcome: words(line['outcome']) ?? '', reason: words(line['reason']) ?? '',
      }]
    }).toReversed(),
  }
}

function Verify(props: { stage: Stage }): VNode {
  const [state, setState] = useState<{ kind: 'idle' } | { kind: 'busy' } | { kind: 'told'; ok: boolean; words: string; next: string }>({ kind: 'idle' })
  const { act } = useAct(props.stage)
  const verify = (): void => act(async () => {
    setState({ kind: 'busy' })
    try {
      const told = fields(await props.stage.desk.ask('audit.verify', {}, reviewMs))
      const ok = told['ok'] === true
      setState({ kind: 'told', ok, words: [
        ok ? roomText.recordGood(typeof told['rows'] === 'number' ? told['rows'] : 0) : (words(told['sentence']) ?? ''),
        ok && typeof told['anchors'] === 'number' && told['anchors'] > 0 ? roomText.recordAnchors(told['anchors']) : '',
        ...list(told['notes']).filter((note) => typeof note === 'string'),
      ].filter((part) => part !== '').join(' '), next: words(told['next']) ?? '' })
    } catch (error) {
      setState({ kind: 'idle' })
      throw error
    }
    return undefined
  })
  return (
    <div class="verify">
      <button type="button" class="button small" aria-disabled={state.kind === 'busy'} onClick={verify}>{roomText.recordVerify}</button>
      <span role="status" class={state.kind === 'told' && !state.ok ? 'bad-words' : 'quiet'}>
        {state.kind === 'busy' ? roomText.recordVerifying : state.kind === 'told' ? `${state.words}${state.ok || state.next === '' ? '' : ` ${state.next}`}` : ''}
      </span>
    </div>
  )
}

const outcomeTones: Record<string, string> = { deny: 'bad', failed: 'bad', ask: 'warn' }

const recordOutcomes = ['allow', 'ask', 'deny', 'done', 'failed'] as const
/** A page of the export; more of them than this are not joined in a browser, the command line has them. */
const exportPage = 1_000
const exportPagesMax = 100

/** Hands the browser a file to keep. */
function saveFile(name: string, lines: readonly string[]): void {
  const address = URL.createObjectURL(new Blob([`${lines.join('\n')}\n`], { type: 'application/x-ndjson' }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The download has begun with the click; a moment later nobody needs the address.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}

function RecordPanel(props: { stage: Stage; personName: (id: string) => string }): VNode | null {
  const { desk } = props.stage
  /** What stands in the field; it counts once somebody is done with it. */
  const [typed, setTyped] = useState('')
  const [kind, setKind] = useState('')
  const [outcome, setOutcome] = useState('')
  const filter = { ...(kind === '' ? {} : { kind }), ...(outcome === '' ? {} : { outcome }) }
  const { answer, again } = useAnswer(props.stage, 'audit.log', { limit: 25, ...filter }, readLines)
  const [older, setOlder] = useState<Line[]>([])
  const [oldest, setOldest] = useState<number | undefined>(undefined)
  const { busy, act } = useAct(props.stage)
  const { recordColumns: columns } = roomText
  const fromNewest = (): void => {
    setOlder([])
    setOldest(undefined)
  }
  const exportLines = (): void => act(async () => {
    const lines: string[] = []
    let after: number | undefined
    for (let page = 0; page < exportPagesMax; page += 1) {
      const told = fields(await desk.ask('audit.export', { limit: exportPage, ...filter, ...(after === undefined ? {} : { after }) }, reviewMs))
      lines.push(...list(told['lines']).filter((line) => typeof line === 'string'))
      if (typeof told['next'] !== 'number') break
      after = told['next']
    }
    saveFile(`moltbot-record-${new Date(props.stage.now.value).toISOString().slice(0, 10)}.jsonl`, lines)
    return roomText.recordExported(lines.length)
  })
  return (
    <AnswerPanel
      title={roomText.record}
      hint={roomText.recordHint}
      wide
      answer={answer}
      again={again}
      tools={() => (
        <>
          <input class="record-kind" type="text" aria-label={roomText.recordKind} placeholder={roomText.recordKindHint} spellcheck={false} autocomplete="off" maxLength={100} value={typed} onInput={(event) => setTyped(event.currentTarget.value)} onChange={(event) => { fromNewest(); setKind(event.currentTarget.value.trim()) }} />
          <select aria-label={roomText.recordOutcome} value={outcome} onChange={(event) => { fromNewest(); setOutcome(event.currentTarget.value) }}>
            <option value="">{roomText.recordAll}</option>
            {recordOutcomes.map((known) => <option key={known} value={known}>{roomText.recordOutcomes[known]}</option>)}
          </select>
          {desk.can('audit.export') ? <button type="button" class="button small" aria-disabled={busy} onClick={exportLines}>{roomText.recordExport}</button> : null}
          <button type="button" class="button small" onClick={() => { fromNewest(); again() }}>{roomText.refresh}</button>
        </>
      )}
    >
      {({ lines, next }) => {
        const shown = [...lines, ...older]
        const before = oldest ?? next
        return (
          <>
            {desk.can('audit.verify') ? <Verify stage={props.stage} /> : null}
            {shown.length === 0 ? <p class="quiet" role="status">{kind === '' && outcome === '' ? roomText.recordNone : roomText.recordNoneFound}</p> : (
              <div class="table-place" tabIndex={0} role="group" aria-label={roomText.record}>
                <table class="record">
                  <thead><tr><th>{columns.at}</th><th>{columns.act}</th><th>{columns.who}</th><th>{columns.outcome}</th><th>{columns.reason}</th></tr></thead>
                  <tbody>
                    {shown.map((line) => (
                      <tr key={line.seq}>
                        <td class="nowrap">{when(line.at)}</td>
                        <td><code>{line.act}</code>{line.subject === '' ? null : <span class="quiet cell-more">{line.subject}</span>}</td>
                        <td>{props.personName(line.who)}</td>
                        <td><span class={`tag ${outcomeTones[line.outcome] ?? ''}`}>{roomText.recordOutcomes[line.outcome] ?? line.outcome}</span></td>
                        <td>{line.reason}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
            {before === undefined || oldest === 0 ? null : (
              <button type="button" class="button small" aria-disabled={busy} onClick={() => act(async () => {
                const page = readLines(await desk.ask('audit.log', { limit: 50, before, ...filter }))
                setOlder([...older, ...page.lines])
                setOldest(page.next ?? 0)
                return undefined
              })}>{roomText.older}</button>
            )}
          </>
        )
      }}
    </AnswerPanel>
  )
}

/** The age at which the review asks for a new value, ms. */
const oldSecretMs = 90 * 86_400_000

function Secrets(props: { stage: Stage }): VNode | null {
  const { answer, again } = useAnswer(props.stage, 'vault.list', {}, (payload) => list(fields(payload)['secrets']).flatMap((value) => {
    const raw = fields(value)
    const name = words(raw['name'])
    return name === undefined ? [] : [{ name, version: typeof raw['version'] === 'number' ? raw['version'] : 1, ageMs: typeof raw['ageMs'] === 'number' ? raw['ageMs'] : 0 }]
  }))
  return (
    <AnswerPanel title={roomText.secrets} wide hint={roomText.secretsHint} answer={answer} again={again}>
      {(secrets) => (secrets.length === 0 ? <p class="quiet">{roomText.secretsNone}</p> : (
        <ul class="items">
          {secrets.map((secret) => (
            <Item key={secret.name} icon="key" title={<code>{secret.name}</code>} detail={roomText.secretLine(span(secret.ageMs), secret.version)}>
              {secret.ageMs > oldSecretMs ? <span class="tag warn">{roomText.secretOld}</span> : null}
            </Item>
          ))}
        </ul>
      ))}
    </AnswerPanel>
  )
}

/** Days one can go back to; the command line goes further. */
const egressDays = 7

/** Asks whether an address may be reached, and by which rule. Nothing is connected. */
function EgressTry(props: { stage: Stage }): VNode | null {
  const { desk } = props.stage
  const [url, setUrl] = useState('')
  const [told, setTold] = useState<{ allowed: boolean; words: string } | undefined>(undefined)
  const { busy, act } = useAct(props.stage)
  if (!desk.can('egress.test')) return null
  return (
    <form class="egress-try" onSubmit={(event) => {
      event.preventDefault()
      const typed = url.trim()
      if (typed === '') return
      act(async () => {
        setTold(undefined)
        const answer = fields(await desk.ask('egress.test', { url: typed.includes('://') ? typed : `https://${typed}` }))
        const host = words(answer['host']) ?? typed
        const allowed = answer['allowed'] === true
        setTold({ allowed, words: allowed ? roomText.egressAllowed(host, words(answer['rule']) ?? '') : roomText.egressRefused(host, words(answer['reason']) ?? words(answer['code']) ?? '') })
        return undefined
      })
    }}>
      <label class="field">
        <span>{roomText.egressTry}</span>
        <input type="text" inputMode="url" autocomplete="off" spellcheck={false} placeholder="example.org" maxLength={8_192} value={url} onInput={(event) => setUrl(event.currentTarget.value)} />
      </label>
      <button type="submit" class="button small" aria-disabled={busy}>{roomText.egressTryButton}</button>
      <span role="status" class={told === undefined ? 'quiet' : told.allowed ? 'good-words' : 'bad-words'}>{told?.words ?? roomText.egressTryHint}</span>
    </form>
  )
}

function Egress(props: { stage: Stage; personName: (id: string) => string }): VNode | null {
  const [daysAgo, setDaysAgo] = useState(0)
  const { answer, again } = useAnswer(props.stage, 'egress.today', daysAgo === 0 ? {} : { daysAgo }, (payload) => {
    const raw = fields(payload)
    const count = (from: Record<string, unknown>, name: string): number => (typeof from[name] === 'number' ? from[name] : 0)
    return {
      out: count(raw, 'bytesOut'), back: count(raw, 'bytesIn'), refused: count(raw, 'refused'),
      rows: list(raw['rows']).map((value) => {
        const row = fields(value)
        return {
          host: words(row['host']) ?? '', use: words(row['use']) ?? '', agent: words(row['agent']) ?? '', who: words(row['principal']) ?? '',
          times: count(row, 'connections'), out: count(row, 'bytesOut'), back: count(row, 'bytesIn'), refused: count(row, 'refused'),
        }
      }).toSorted((a, b) => b.out - a.out),
    }
  })
  const { egressColumns: columns } = roomText
  return (
    <AnswerPanel
      title={roomText.egress}
      hint={roomText.egressHint}
      wide
      answer={answer}
      again={again}
      tools={() => (
        <>
          <select aria-label={roomText.egressDay} value={String(daysAgo)} onChange={(event) => setDaysAgo(Number(event.currentTarget.value))}>
            {Array.from({ length: egressDays }, (_, ago) => <option key={ago} value={String(ago)}>{roomText.egressDays(ago)}</option>)}
          </select>
          <button type="button" class="button small" onClick={again}>{roomText.refresh}</button>
        </>
      )}
    >
      {({ rows, out, back, refused }) => (
        <>
          {rows.length === 0 ? <p class="all-well"><span class="dot good" aria-hidden="true" />{roomText.egressNone}</p> : (
            <>
              <p>{roomText.egressSum(bytes(out), bytes(back), refused)}</p>
              <div class="table-place" tabIndex={0} role="group" aria-label={roomText.egress}>
                <table>
                  <thead>
                    <tr>
                      <th>{columns.host}</th><th>{columns.use}</th><th>{columns.who}</th><th class="number">{columns.times}</th><th class="number">{columns.out}</th><th class="number">{columns.in}</th><th class="number">{columns.refused}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map((row, index) => (
                      <tr key={index}>
                        <td class="host"><code>{row.host}</code></td><td>{row.use}</td><td>{props.personName(row.who)}{row.agent === '' ? null : <span class="quiet cell-more">{row.agent}</span>}</td>
                        <td class="number">{row.times === 0 ? '' : row.times}</td><td class="number">{row.out === 0 ? '' : bytes(row.out)}</td><td class="number">{row.back === 0 ? '' : bytes(row.back)}</td>
                        <td class="number">{row.refused === 0 ? '' : <span class="tag warn">{row.refused}</span>}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </>
          )}
          <EgressTry stage={props.stage} />
        </>
      )}
    </AnswerPanel>
  )
}

interface Probe { id: string; what: string; held: boolean | undefined; saw: string }

function Sandbox(props: { stage: Stage }): VNode | null {
  const { desk } = props.stage
  const [probes, setProbes] = useState<Probe[] | undefined>(undefined)
  const { busy, act } = useAct(props.stage)
  const { answer, again } = useAnswer(props.stage, 'sandbox.explain', {}, (payload) => {
    const raw = fields(payload)
    const sentences = (name: string): string[] => list(raw[name]).filter((line) => typeof line === 'string')
    return {
      available: raw['available'] === true, backend: words(raw['backend']) ?? '', reason: words(raw['reason']) ?? '', remedy: words(raw['remedy']) ?? '',
      promises: sentences('promises'), weaker: sentences('weaker'),
    }
  })
  const broken = probes?.filter((probe) => probe.held === false).length ?? 0
  const prove = (): void => act(async () => {
    setProbes(undefined)
    const told = fields(await desk.ask('sandbox.test', {}, 2 * reviewMs))
    setProbes(list(told['probes']).map((value) => {
      const probe = fields(value)
      return { id: words(probe['id']) ?? '', what: words(probe['what']) ?? '', held: typeof probe['held'] === 'boolean' ? probe['held'] : undefined, saw: words(probe['saw']) ?? '' }
    }))
    return undefined
  })
  return (
    <AnswerPanel
      title={roomText.sandbox}
      wide
      answer={answer}
      again={again}
      tools={({ available }) => (available && desk.can('sandbox.test') ? <button type="button" class="button small" aria-disabled={busy} onClick={prove}>{roomText.sandboxProve}</button> : null)}
    >
      {(sandbox) => (
        <>
          <p class={sandbox.available ? 'all-well' : 'bad-words'}>
            {sandbox.available ? <span class="dot good" aria-hidden="true" /> : null}
            {sandbox.available ? roomText.sandboxBy(sandbox.backend) : `${roomText.sandboxNone} ${sandbox.reason} ${sandbox.remedy}`}
          </p>
          {busy ? <p class="quiet" role="status">{roomText.sandboxProving}</p> : null}
          {probes === undefined ? null : (
            <p role="status" class={broken > 0 ? 'bad-words' : 'all-well'}>
              {broken > 0 ? null : <span class="dot good" aria-hidden="true" />}
              {broken > 0 ? roomText.probeSomeBroke(broken) : roomText.probeAllHeld(probes.filter((probe) => probe.held === true).length)}
            </p>
          )}
          {probes === undefined ? null : (
            <ul class="items">
              {probes.map((probe) => (
                <Item key={probe.id} title={probe.what} detail={probe.saw}>
                  <span class={`tag ${probe.held === undefined ? '' : probe.held ? 'good' : 'bad'}`}>{probe.held === undefined ? roomText.probeSkipped : probe.held ? roomText.probeHeld : roomText.probeBroke}</span>
                </Item>
              ))}
            </ul>
          )}
          {sandbox.weaker.length === 0 ? null : (
            <>
              <h3>{roomText.sandboxWeaker}</h3>
              <ul class="plain-lines">{sandbox.weaker.map((line) => <li key={line}>{line}</li>)}</ul>
            </>
          )}
          {sandbox.promises.length === 0 ? null : (
            <details class="more">
              <summary>{roomText.sandboxPromises}</summary>
              <ul class="plain-lines">{sandbox.promises.map((line) => <li key={line}>{line}</li>)}</ul>
            </details>
          )}
        </>
      )}
    </AnswerPanel>
  )
}

export function SecurityRoom(props: { stage: Stage }): VNode {
  const { stage } = props
  const personName = usePersonNames(stage)
  return (
    <>
      <Emergency stage={stage} />
      <SecondFactor stage={stage} />
      <ReviewPanel stage={stage} />
      <RecordPanel stage={stage} personName={personName} />
      <Secrets stage={stage} />
      <Egress stage={stage} personName={personName} />
      <Sandbox stage={stage} />
    </>
  )
}
