import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import '../styles/logs.css'
import { CopyButton } from '../components/copy-button.tsx'
import { Icon } from '../components/icon.tsx'
import { explainFailure } from '../explain-failure.ts'
import type { Stage } from '../stage.ts'
import { text } from '../text.ts'
import { isWanted, levels, logWords, readLogLine, readTail, type Level, type LogLine } from './log-lines.ts'
import { logsText as say } from './logs-text.ts'
import { Panel } from './pieces.tsx'

/** How often the end of the file is asked for; nobody tells when it grows. */
const everyMs = 1_500
/** What the page keeps; older lines are in the file. */
const linesMax = 2_000
const firstLines = 500

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 })

interface Log { lines: LogLine[]; file: string; cut: boolean; restarted: boolean }

/** Follows the end of the log while the room is open and the tab is looked at. */
function useLog(stage: Stage): { log: Log; failure: string | undefined } {
  const { desk } = stage
  const hello = desk.hello.value
  const [log, setLog] = useState<Log>({ lines: [], file: '', cut: false, restarted: false })
  const [failure, setFailure] = useState<string | undefined>(undefined)
  const at = useRef<{ cursor: number | undefined; id: number }>({ cursor: undefined, id: 0 })
  useEffect(() => {
    if (hello === undefined || !desk.can('logs.tail')) return
    let gone = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = async (): Promise<void> => {
      if (!document.hidden) {
        try {
          const { cursor } = at.current
          const tail = readTail(await desk.ask('logs.tail', cursor === undefined ? { limit: firstLines } : { cursor, limit: linesMax }))
          if (gone) return
          at.current.cursor = tail.cursor
          setFailure(undefined)
          if (tail.lines.length > 0 || cursor === undefined || tail.reset) {
            const fresh = tail.lines.map((line) => readLogLine(line, (at.current.id += 1)))
            setLog((now) => {
              const lines = [...now.lines, ...fresh]
              return { lines: lines.slice(-linesMax), file: tail.file, cut: now.cut || tail.truncated || lines.length > linesMax, restarted: now.restarted || tail.reset }
            })
          }
        } catch (error) {
          if (gone) return
          setFailure(explainFailure(error).reason)
        }
      }
      if (!gone) timer = setTimeout(() => void look(), everyMs)
    }
    void look()
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [hello])
  return { log, failure }
}

export function LogsRoom(props: { stage: Stage }): VNode {
  const { log, failure } = useLog(props.stage)
  const [least, setLeast] = useState<Level>('INFO')
  const [part, setPart] = useState('')
  const [find, setFind] = useState('')
  const [wrap, setWrap] = useState(true)
  /** The last line shown while it stands still; undefined: it runs. */
  const [heldAt, setHeldAt] = useState<number | undefined>(undefined)
  const [atEnd, setAtEnd] = useState(true)
  const place = useRef<HTMLDivElement>(null)
  const parts = useMemo(() => [...new Set(log.lines.map((line) => line.part))].filter((name) => name !== '').toSorted(), [log.lines])
  const held = heldAt === undefined ? log.lines : log.lines.filter((line) => line.id <= heldAt)
  const shown = held.filter((line) => isWanted(line, { least, part, find }))
  useLayoutEffect(() => {
    const box = place.current
    if (box !== null && atEnd && heldAt === undefined) box.scrollTop = box.scrollHeight
  }, [log.lines, least, part, find, wrap, atEnd, heldAt])
  const follow = (): void => {
    const box = place.current
    if (box !== null) setAtEnd(box.scrollHeight - box.scrollTop - box.clientHeight < 40)
  }
  return (
    <Panel title={text.rooms.logs} hint={say.hint} wide>
      <div class="log-tools">
        <label class="search grow">
          <Icon name="search" />
          <input type="search" placeholder={say.find} aria-label={say.find} value={find} onInput={(event) => setFind(event.currentTarget.value)} />
        </label>
        <label class="check">{say.level}
          <select value={least} onChange={(event) => setLeast(levels.find((level) => level === event.currentTarget.value) ?? 'INFO')}>
            {levels.slice(0, -1).map((level) => <option key={level} value={level}>{say.levels[level]}</option>)}
          </select>
        </label>
        <label class="check">{say.part}
          <select value={part} onChange={(event) => setPart(event.currentTarget.value)}>
            <option value="">{say.everyPart}</option>
            {parts.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
        <label class="check"><input type="checkbox" checked={wrap} onChange={(event) => setWrap(event.currentTarget.checked)} />{say.wrap}</label>
        <span class="grow" />
        <CopyButton value={() => shown.map(logWords).join('\n')} label={say.copy} />
        <button type="button" class="button small" aria-pressed={heldAt !== undefined} onClick={() => setHeldAt(heldAt === undefined ? (log.lines.at(-1)?.id ?? 0) : undefined)}>
          {heldAt === undefined ? say.pause : say.go}
        </button>
      </div>
      <div class="log-place">
        <div class={`log${wrap ? ' wrap' : ''}`} ref={place} role="group" aria-label={say.region} tabIndex={0} onScroll={follow}>
          {shown.map((line) => (
            <div key={line.id} class={`log-line ${line.level.toLowerCase()}`}>
              <time class="log-time" {...(line.at === undefined ? {} : { dateTime: new Date(line.at).toISOString() })}>{line.at === undefined ? '' : clock.format(line.at)}</time>
              <span class="log-level">{say.names[line.level]}</span>
              <span class="log-part">{line.part}</span>
              <span class="log-words">{line.message}{line.facts === '' ? null : <span class="log-facts"> {line.facts}</span>}</span>
            </div>
          ))}
          {shown.length === 0 ? <p class="quiet rows-empty">{log.lines.length === 0 ? say.none : say.noMatch}</p> : null}
        </div>
        {atEnd || heldAt !== undefined ? null : (
          <button type="button" class="button small log-end" onClick={() => setAtEnd(true)}><Icon name="down" />{say.toEnd}</button>
        )}
      </div>
      <div class="log-foot quiet">
        <span role="status">
          {failure ?? (heldAt === undefined ? say.live : say.paused(log.lines.length - held.length))} · {say.count(shown.length, held.length)}
          {log.restarted ? ` · ${say.restarted}` : ''}{log.cut ? ` · ${say.cut}` : ''}
        </span>
        <code class="clip">{log.file}</code>
      </div>
    </Panel>
  )
}
