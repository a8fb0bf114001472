import { defineCommand, exitCodes, thinkingLevels } from '@moltbot/contract'
import type { CommandContext, ExitCode } from '@moltbot/contract'
import { createChatScreen } from '../chat/chat-screen.ts'
import { openConversation, runningSeconds } from '../chat/conversation.ts'
import type { Conversation, ConversationView } from '../chat/conversation.ts'
import { createKeyDecoder } from '../chat/key-decoder.ts'
import { createLineEditor } from '../chat/line-editor.ts'
import { printable, printableLine } from '../printable.ts'
import { agoWords } from '../time-words.ts'
import { asFields, asList, asNumber, asText } from '../wire-fields.ts'

/** Within this time a second Ctrl-C leaves. */
const leaveMs = 2_000

/** What the chat itself answers; everything else with a slash goes to the gateway. */
const localCommands: readonly { name: string; description: string }[] = [
  { name: '/sessions', description: 'list conversations' },
  { name: '/session', description: 'go to another conversation: /session <key>' },
  { name: '/clear', description: 'clear the window' },
  { name: '/quit', description: 'leave' },
]

export const chat = defineCommand({
  name: 'chat',
  summary: 'Talk with your assistant in the terminal',
  topic: 'talk',
  description: 'Enter sends, Alt-Enter makes a new line, Up brings back what you said, Tab completes commands. Ctrl-C stops the assistant; twice leaves.\n\nWhen standard input is no terminal, each of its lines is sent and the answers are printed.',
  args: {},
  flags: {
    session: { kind: 'text', value: 'key', summary: 'Which conversation (default main)' },
    agent: { kind: 'text', value: 'id', summary: 'Which agent' },
    thinking: { kind: 'text', value: 'level', summary: 'How much it thinks before it answers', choices: thinkingLevels },
    history: { kind: 'number', value: 'count', summary: 'How many of the latest messages to show (default 20)', min: 0, max: 1_000 },
  },
  examples: ['chat', 'chat --session work'],
  async run({ flags }, context): Promise<ExitCode> {
    const key = flags.session ?? (flags.agent === undefined ? 'main' : `agent:${flags.agent}:main`)
    const start = { key, history: flags.history ?? 20, ...(flags.thinking === undefined ? {} : { thinking: flags.thinking }) }
    return context.terminal.interactive && context.terminal.keys !== undefined ? chatOnScreen(context, start) : chatOverLines(context, start)
  },
})

interface Start { key: string; history: number; thinking?: string }

/** Each line of standard input is one message; answers go to standard output. */
async function chatOverLines(context: CommandContext, start: Start): Promise<ExitCode> {
  const { terminal } = context
  const view: ConversationView = {
    user() {},
    stream: (text) => terminal.out(printable(text)),
    endStream: () => terminal.out('\n\n'),
    note: (text) => terminal.note(printable(text)),
    problem: (text) => terminal.note(`✗ ${printable(text)}`),
    changed() {},
  }
  const conversation = await openConversation({ connect: () => context.connect(), clock: context.clock, newId: context.newId, view, ...(start.thinking === undefined ? {} : { thinking: start.thinking }) }, start.key, 0)
  let code: ExitCode = exitCodes.ok
  try {
    for await (const line of terminal.readLines()) {
      const words = line.trim()
      if (words === '/quit' || words === '/exit') break
      if (words !== '' && (await conversation.send(words)) !== 'answered') code = exitCodes.failed
    }
  } finally {
    conversation.close()
  }
  return code
}

async function chatOnScreen(context: CommandContext, start: Start): Promise<ExitCode> {
  const { terminal, clock } = context
  const editor = createLineEditor([])
  let conversation: Conversation | undefined
  const screen = createChatScreen({ terminal, editor, status: () => statusWords(conversation, clock.now()) })
  const view: ConversationView = { user: screen.user, stream: screen.stream, endStream: screen.endStream, note: screen.note, problem: screen.problem, changed() {} }
  const connect = (): ReturnType<CommandContext['connect']> => context.connect({ caps: ['tool-events'] })
  // Before the keyboard is taken: a gateway that does not answer is told like in every other command.
  const opened = await openConversation({ connect, clock, newId: context.newId, view, ...(start.thinking === undefined ? {} : { thinking: start.thinking }) }, start.key, start.history)
  conversation = opened
  view.changed = screen.draw

  return new Promise<ExitCode>((resolve, reject) => {
    const decode = createKeyDecoder()
    let interruptedAt = -leaveMs
    let commandNames: string[] = []
    let cancelTick = (): void => {}
    const tick = (): void => {
      if (opened.state.running.size > 0) screen.draw()
      cancelTick = clock.after(1_000, tick)
    }
    const leave = (): void => {
      cancelTick()
      stopResize()
      screen.close()
      stopKeys()
      opened.close()
      terminal.note(terminal.paint.dim(`Left ${opened.state.key}. Come back with: moltbot chat${start.key === 'main' ? '' : ` --session ${start.key}`}`))
      resolve(exitCodes.ok)
    }
    const interrupt = (): void => {
      const again = clock.now() - interruptedAt < leaveMs
      interruptedAt = clock.now()
      if (again) leave()
      else if (opened.state.running.size > 0) {
        screen.hint('Stopping… Ctrl-C again leaves')
        void opened.abort()
      } else {
        editor.replace('')
        screen.hint('Ctrl-C again leaves')
      }
    }
    const complete = (): void => {
      const typed = editor.text()
      if (!typed.startsWith('/') || typed.includes(' ')) return
      const matching = [...new Set([...localCommands.map(({ name }) => name), ...commandNames])].filter((name) => name.startsWith(typed)).sort()
      if (matching.length === 1) editor.replace(`${matching[0] ?? ''} `)
      else if (matching.length > 1) {
        editor.replace(commonStart(matching))
        screen.hint(matching.join('  '))
      }
    }
    const onKeys = (data: string): void => {
      for (const key of decode(data)) {
        screen.hint(undefined)
        const action = editor.apply(key)
        switch (action.kind) {
          case 'submit':
            if (action.text !== '') act(action.text)
            break
          case 'complete': complete(); break
          case 'interrupt': interrupt(); break
          case 'end': leave(); return
          case 'redraw': screen.clear(); break
          case 'edited': break
        }
      }
      screen.draw()
    }
    const act = (text: string): void => {
      const [name = '', ...rest] = text.split(/\s+/)
      switch (name) {
        case '/quit':
        case '/exit': leave(); return
        case '/clear': screen.clear(); return
        case '/sessions': show(listSessions(opened, clock.now(), screen.note)); return
        case '/session':
          if (rest[0] === undefined) screen.note(`This is ${opened.state.key}. Go elsewhere with: /session <key>`)
          else show(opened.open(rest[0], start.history).then(() => screen.note(`This is ${opened.state.key} now.`)))
          return
        default:
          screen.user(text)
          if (name === '/help') screen.note(`In this window: ${localCommands.map((command) => `${command.name} (${command.description})`).join(', ')}. Alt-Enter makes a new line.`)
          void opened.send(text)
      }
    }
    const show = (work: Promise<void>): void => {
      work.catch((error: unknown) => screen.problem(error instanceof Error ? error.message : String(error)))
    }
    const stopResize = terminal.onResize(() => screen.draw())
    const stopKeys = terminal.keys?.((data) => {
      try {
        onKeys(data)
      } catch (error) {
        stopKeys()
        reject(error)
      }
    }, () => screen.draw()) ?? ((): void => {})
    opened.request('commands.list', {}).then((answer) => {
      commandNames = asList(asFields(answer)['commands']).flatMap((command) => asText(command['name']) ?? []).map((name) => (name.startsWith('/') ? name : `/${name}`))
    }).catch(() => {
      // An older gateway has no such list; then Tab knows only our own commands.
    })
    tick()
    screen.draw()
  })
}

async function listSessions(conversation: Conversation, now: number, note: (text: string) => void): Promise<void> {
  const rows = asList(asFields(await conversation.request('sessions.list', { limit: 15, includeDerivedTitles: true }))['sessions'])
  const lines = rows.map((row) => {
    const key = printableLine(asText(row['key']) ?? '?')
    const about = printableLine(asText(row['label']) ?? asText(row['derivedTitle']) ?? '')
    return `${key === conversation.state.key ? '●' : ' '} ${key}${about === '' ? '' : ` — ${about}`}, ${agoWords(asNumber(row['updatedAt']), now)}`
  })
  note(lines.length === 0 ? 'No conversations yet.' : lines.join('\n'))
}

function statusWords(conversation: Conversation | undefined, now: number): { left: string; right: string } {
  if (conversation === undefined) return { left: 'connecting…', right: '' }
  const { state } = conversation
  const seconds = runningSeconds(state, now)
  const work = !state.connected ? 'not connected, trying again' : seconds === undefined ? 'ready' : state.tool === undefined ? `working ${seconds} s` : `${printableLine(state.tool)} ${seconds} s`
  const name = state.key.replace(/^agent:main:/, '')
  return { left: [printableLine(name), ...(state.model === undefined ? [] : [printableLine(state.model)]), work].join(' · '), right: seconds === undefined ? '/help' : 'Ctrl-C stops' }
}

function commonStart(words: readonly string[]): string {
  const [first = '', ...others] = words
  let length = first.length
  for (const word of others) while (!word.startsWith(first.slice(0, length))) length--
  return first.slice(0, length)
}
