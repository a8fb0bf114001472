import { Problem, exitCodes } from '@moltbot/contract'
import type { CommandContext, ExitCode } from '@moltbot/contract'
import { createKeyDecoder } from '../chat/key-decoder.ts'
import type { Key } from '../chat/key-decoder.ts'
import { createLineEditor } from '../chat/line-editor.ts'
import { agoWords } from '../time-words.ts'
import { asFields, asList, asNumber, asText } from '../wire-fields.ts'
import { composeFrame } from './frame.ts'
import type { Looks, Place } from './frame.ts'
import { createPicker } from './picker.ts'
import type { Choice, Picker } from './picker.ts'
import { readAttachment, type OwnFile } from './read-attachment.ts'
import { createScreen } from './screen.ts'
import { openTalk } from './talk.ts'
import type { Question } from './talk.ts'
import { createTranscriptRows } from './transcript-rows.ts'

export interface TuiStart { session: string; history: number; thinking?: string }

/** Between two pictures while something happens by itself. */
const frameMs = 33
/** A second Esc or Ctrl-C counts within this time. */
const againMs = 2_000
/** A question takes answers only after it stood there this long: what was being typed when it came is no answer. */
const readMs = 800
/** The most files of one message. */
const filesMax = 16

/** What the window answers itself; everything else with a slash goes to the gateway. */
const ownCommands: readonly { name: string; description: string }[] = [
  { name: '/keys', description: 'every key of this window' },
  { name: '/attach', description: 'a file that goes with what you say next' },
  { name: '/detach', description: 'no file goes with it' },
  { name: '/sessions', description: 'go to another conversation' },
  { name: '/session', description: 'go to the conversation of that name' },
  { name: '/quit', description: 'leave' },
]

const helpRows: readonly (readonly [keys: string, words: string])[] = [
  ['Enter', 'send'],
  ['y, a, n, d', 'when it asks: yes once; always, as far as it says; no; the whole call. While nothing is typed.'],
  ['Alt-Enter', 'a new line (Ctrl-J too)'],
  ['Up, Down', 'what you said before'],
  ['/ and Tab', 'commands, and complete one'],
  ['Esc Esc', 'stop what it does (/stop too)'],
  ['PgUp, PgDn', 'scroll'],
  ['Ctrl-G', 'conversations, with search'],
  ['Ctrl-T', 'models; /model and /think choose too'],
  ['Ctrl-O', 'open and close the cards of tools'],
  ['/attach file', 'it goes with what you say next; /detach takes it back'],
  ['Ctrl-L', 'draw the window again'],
  ['Ctrl-Z', 'back to the shell; fg comes back'],
  ['Ctrl-C', 'clear what you typed; twice leaves (Ctrl-D too)'],
]

/** Takes the window until the person leaves. Rejects when the gateway cannot be reached at first, before the window is taken. */
export async function runTui(context: CommandContext, start: TuiStart): Promise<ExitCode> {
  const { terminal, clock } = context
  const takeWindow = terminal.fullScreen
  if (takeWindow === undefined) {
    throw new Problem('usage', terminal.interactive ? 'This terminal says that it cannot move its cursor (TERM is "dumb" or not set), so a full window cannot be drawn in it.' : 'A full window needs a terminal: input and output are redirected.', {
      next: 'Talk line by line instead: moltbot chat',
    })
  }
  let wake = (): void => {}
  const talk = await openTalk({
    connect: () => context.connect({ caps: ['tool-events'] }), clock, newId: context.newId, changed: () => wake(), historyLimit: start.history,
    ...(start.thinking === undefined ? {} : { thinking: start.thinking }),
  }, start.session)

  return new Promise<ExitCode>((resolve, reject) => {
    const screen = createScreen((text) => terminal.out(text))
    const transcript = createTranscriptRows(terminal.paint)
    const editor = createLineEditor(talk.state.items.flatMap((item) => (item.kind === 'own' && item.sender === undefined ? [item.text] : [])))
    const decode = createKeyDecoder()
    let open = false
    let top: number | undefined
    let hint: string | undefined
    let overlay: Looks['overlay']
    let whole = false
    let completing = 0
    let escapedAt = -againMs
    let interruptedAt = -againMs
    let place: Place = { top: 0, height: 0, count: 0 }
    let left = false
    let files: readonly OwnFile[] = []
    let cancelFrame: (() => void) | undefined
    let cancelTick = (): void => {}

    const question = (): Question | undefined => talk.state.questions.find((one) => one.sessionKey === talk.state.key) ?? talk.state.questions[0]
    const completions = (): { name: string; description: string }[] => {
      const typed = editor.text()
      if (!/^\/\S*$/.test(typed) || overlay !== undefined) return []
      const names = new Map([...talk.state.commands, ...ownCommands].map((command) => [command.name, command]))
      return [...names.values()].filter(({ name }) => name.startsWith(typed) && name !== typed).toSorted((a, b) => (a.name < b.name ? -1 : 1))
    }
    const draw = (): void => {
      cancelFrame?.()
      cancelFrame = undefined
      if (left) return
      const list = completions()
      completing = Math.min(completing, Math.max(0, list.length - 1))
      const composed = composeFrame({
        talk: talk.state, now: clock.now(), columns: Math.max(10, terminal.columns()), rows: Math.max(5, terminal.rows()), paint: terminal.paint,
        input: { text: editor.text(), beforeCursor: editor.beforeCursor() }, files, open, top, hint, overlay, completions: { list, selected: completing }, question: question(), whole,
      }, transcript)
      place = composed.place
      if (top !== undefined && place.top >= place.count - place.height) top = undefined
      screen.show(composed.frame, Math.max(10, terminal.columns()))
    }
    wake = () => {
      cancelFrame ??= clock.after(frameMs, guarded(draw))
    }
    const tick = (): void => {
      // Seconds are counted in the window only while something goes on.
      if (talk.state.runs.size > 0 || talk.state.connection.kind !== 'connected' || talk.state.questions.length > 0) wake()
      cancelTick = clock.after(1_000, guarded(tick))
    }
    const stopAll = (): void => {
      left = true
      cancelFrame?.()
      cancelTick()
      stopResize()
      stopKeys()
      talk.close()
    }
    const leave = (): void => {
      const unsent = talk.unsent()
      stopAll()
      const key = talk.state.key
      for (const text of unsent) terminal.note(`${terminal.paint.yellow('!')} Not sent: ${text}`)
      terminal.note(terminal.paint.dim(`Left ${key}. Come back with: moltbot tui${start.session === 'main' && /:main$/.test(key) ? '' : ` --session ${key}`}`))
      resolve(exitCodes.ok)
    }
    /** What breaks gives the terminal back before it is told. */
    function guarded(work: () => void): () => void {
      return () => {
        try {
          work()
        } catch (error) {
          stopAll()
          reject(error)
        }
      }
    }
    const trouble = (error: unknown): void => talk.note(`✗ ${error instanceof Problem ? error.explain() : String(error)}`)
    const pick = (picker: Picker, take: (choice: Choice) => void): void => {
      taken = take
      overlay = { kind: 'picker', picker }
    }
    let taken = (_: Choice): void => {}
    const goTo = (key: string): void => {
      top = undefined
      talk.open(key).then(wake, trouble)
    }

    const pickSession = (): void => {
      const picker = createPicker('Conversations', undefined, (words) => ({ id: words, label: `begin “${words}”`, hint: 'a new conversation' }))
      pick(picker, ({ id }) => goTo(id))
      talk.request('sessions.list', { limit: 200, includeDerivedTitles: true }).then((answer) => {
        picker.fill(asList(asFields(answer)['sessions']).map((row) => {
          const key = asText(row['key']) ?? '?'
          const title = asText(row['label']) ?? asText(row['derivedTitle'])
          const name = key.replace(/^agent:main:/, '')
          return { id: key, label: title ?? name, hint: `${title === undefined ? '' : `${name} · `}${row['hasActiveRun'] === true ? 'at work' : agoWords(asNumber(row['updatedAt']), clock.now())}`, current: key === talk.state.key }
        }))
        wake()
      }, trouble)
    }
    const pickModel = (): void => {
      const picker = createPicker('Models', undefined)
      pick(picker, ({ id }) => talk.choose({ model: id === '' ? null : id }))
      talk.request('models.list').then((answer) => {
        const models = asList(asFields(answer)['models']).filter((model) => model['available'] !== false)
        picker.fill([
          { id: '', label: 'the default' },
          ...models.map((model) => {
            const id = `${asText(model['provider']) ?? '?'}/${asText(model['id']) ?? '?'}`
            return { id, label: id, hint: asText(model['name']) ?? '', current: id === talk.state.model }
          }),
        ])
        wake()
      }, trouble)
    }
    const pickThinking = (): void => {
      const { levels, thinking } = talk.state
      pick(createPicker('How much it thinks', ['', ...levels].map((level) => ({ id: level, label: level === '' ? 'the default' : level, current: level !== '' && level === thinking }))), ({ id }) => talk.choose({ thinkingLevel: id === '' ? null : id }))
    }

    const attach = (words: string): void => {
      if (files.length >= filesMax) return trouble(new Problem('usage', `At most ${filesMax} files go with one message.`))
      const room = talk.filesBytesMax() - files.reduce((sum, { bytes }) => sum + bytes, 0)
      readAttachment(words, '.', room).then((file) => {
        files = [...files, file]
        wake()
      }, trouble)
    }
    const say = (text: string): void => {
      talk.send(text, files)
      files = []
    }

    const act = (text: string): void => {
      const [name = '', rest = ''] = text.split(/\s+(.*)/s)
      top = undefined
      switch (name) {
        case '/quit':
        case '/exit': leave(); return
        case '/keys': overlay = { kind: 'help', rows: helpRows, from: 0 }; return
        case '/sessions': pickSession(); return
        case '/attach':
          if (rest.trim() === '') hint = 'Name a file: /attach ~/notes.pdf'
          else attach(rest)
          return
        case '/detach': files = []; return
        case '/session':
          if (rest.trim() === '') pickSession()
          else goTo(rest.trim())
          return
        default:
      }
      if (/^\/models?$/.test(text)) pickModel()
      else if (/^\/(?:think|thinking)$/.test(text) && talk.state.levels.length > 0) pickThinking()
      else if (text.startsWith('/')) talk.send(text)
      else say(text)
    }
    const scroll = (rows: number): void => {
      const last = Math.max(0, place.count - place.height)
      const next = Math.max(0, Math.min(last, place.top + rows))
      if (next === 0 && place.top === 0 && rows < 0 && talk.state.hasMore) {
        // Where we are counts from the end while older rows come in front.
        const behind = place.count
        talk.older().then(() => {
          draw()
          top = Math.max(0, place.count - behind)
          draw()
        }, trouble)
      }
      top = next >= last ? undefined : next
    }
    const answers: Readonly<Record<string, 'allow-once' | 'allow-always' | 'deny'>> = { y: 'allow-once', a: 'allow-always', n: 'deny' }
    /** Whether the key was an answer to the question that stands there. */
    const answered = (key: Key, alone: boolean): boolean => {
      const asked = question()
      if (asked === undefined || key.kind !== 'text' || !alone || editor.text() !== '' || clock.now() - asked.seenAt < readMs) return false
      if (key.text === 'd') {
        whole = !whole
        return true
      }
      const decision = answers[key.text]
      if (decision === undefined || (decision === 'allow-always' && asked.always === undefined)) return false
      whole = false
      talk.answer(asked, decision)
      return true
    }
    const complete = (): void => {
      const list = completions()
      const chosen = list[completing]
      if (chosen !== undefined) editor.replace(`${chosen.name} `)
      completing = 0
    }

    /** Answers one key; `alone`: nothing else came with it. */
    const onKey = (key: Key, alone: boolean): void => {
      hint = undefined
      if (overlay?.kind === 'help') {
        const step = key.kind !== 'named' ? 0 : { down: 1, up: -1, 'page-down': 8, 'page-up': -8 }[key.name as string] ?? 0
        overlay = step === 0 ? undefined : { ...overlay, from: Math.max(0, overlay.from + step) }
        return
      }
      if (overlay?.kind === 'picker') {
        const result = overlay.picker.apply(key)
        if (result.kind === 'done') {
          overlay = undefined
          if (result.choice !== undefined) taken(result.choice)
        }
        return
      }
      if (answered(key, alone)) return
      const name = key.kind === 'named' ? key.name : undefined
      switch (name) {
        case 'escape':
          if (clock.now() - escapedAt < againMs && talk.state.runs.size > 0) {
            escapedAt = -againMs
            hint = 'Stopping…'
            talk.stop()
          } else {
            escapedAt = clock.now()
            top = undefined
            if (talk.state.runs.size > 0) hint = 'Esc again stops it'
          }
          return
        case 'page-up': scroll(-Math.max(1, place.height - 1)); return
        case 'page-down': scroll(Math.max(1, place.height - 1)); return
        case 'help': overlay = { kind: 'help', rows: helpRows, from: 0 }; return
        case 'go': pickSession(); return
        case 'models': pickModel(); return
        case 'open': open = !open; return
        case 'up':
        case 'down': {
          const list = completions()
          if (list.length === 0) break
          completing = (completing + (name === 'up' ? list.length - 1 : 1)) % list.length
          return
        }
        default:
      }
      const action = editor.apply(key)
      switch (action.kind) {
        case 'submit':
          if (action.text !== '') act(action.text)
          else if (files.length > 0) say('')
          return
        case 'complete': complete(); return
        case 'end': leave(); return
        case 'redraw': screen.forget(); return
        case 'interrupt':
          if (clock.now() - interruptedAt < againMs) {
            leave()
            return
          }
          interruptedAt = clock.now()
          editor.replace('')
          hint = 'Ctrl-C again leaves'
          return
        case 'edited': completing = 0
      }
    }
    const stopResize = terminal.onResize(guarded(() => {
      screen.forget()
      draw()
    }))
    const stopKeys = takeWindow((data) => guarded(() => {
      if (synchronizedAnswer.test(data)) screen.synchronize()
      const keys = decode(data)
      for (const key of keys) if (!left) onKey(key, keys.length === 1 && data.length === 1)
      draw()
    })(), guarded(() => {
      // The shell had the window.
      screen.forget()
      draw()
    }))
    // Does the terminal know synchronized output? One that does answers.
    terminal.out('\u001B[?2026$p')
    tick()
    draw()
  })
}

// oxlint-disable-next-line no-control-regex -- the terminal's answer is an escape sequence
const synchronizedAnswer = /\u001B\[\?2026;[123]\$y/
