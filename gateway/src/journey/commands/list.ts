import { Problem, thinkingLevels } from '@moltbot/contract'
import { thinkingWords } from './parse.ts'
import type { ChatCommand, CommandContext } from './types.ts'

const n = (count: number): string => count.toLocaleString('en-US')
const duration = (ms: number): string => {
  const minutes = Math.floor(ms / 60_000)
  return minutes < 1 ? 'less than a minute' : minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
const usd = (amount: number): string => `$${amount === 0 || amount >= 0.01 ? amount.toFixed(2) : amount.toPrecision(1)}`
const usageOf = (command: ChatCommand): string => `/${command.name}${command.args === '' ? '' : ` ${command.args}`}`

const help: ChatCommand = {
  name: 'help', aliases: [], description: 'What I can do here', args: '', ownerOnly: false, whenHeld: true,
  async run() {
    return ['Write to me as you would to a person. Useful commands:', '', '- `/status` how I am, which model answers', '- `/new` start afresh', '- `/stop` stop what I am doing',
      '- `/model` choose the model', '- `/why` what became of your last message', '- `/commands` everything'].join('\n')
  },
}

const commands: ChatCommand = {
  name: 'commands', aliases: [], description: 'Every command', args: '', ownerOnly: false, whenHeld: true,
  async run({ all, principal }) {
    return all.filter((command) => !command.ownerOnly || principal.role === 'owner' || principal.role === 'admin').map((command) => `- \`${usageOf(command)}\` ${command.description}`).join('\n')
  },
}

const status: ChatCommand = {
  name: 'status', aliases: [], description: 'Model, context, queue, channels', args: '', ownerOnly: false, whenHeld: true,
  async run({ needs, key, principal }) {
    const facts = await needs.status(key, principal)
    const used = facts.contextWindow === 0 ? 0 : Math.round((facts.contextTokens / facts.contextWindow) * 100)
    const cost = facts.usageToday.costUsd === null ? '' : `, about $${facts.usageToday.costUsd.toFixed(2)}`
    return [
      `**Moltbot ${facts.version}**, up ${duration(facts.uptimeMs)}`, `Model: ${facts.model}`, `Session: ${facts.session}`,
      ...(facts.held === undefined ? [] : [`**${facts.held}**`]),
      `Context: ${n(facts.contextTokens)} of ${n(facts.contextWindow)} tokens (${used} %)`, `Queue: ${facts.queue}`,
      `Today: ${n(facts.usageToday.input)} tokens in, ${n(facts.usageToday.output)} out${cost}`,
      ...facts.channels.map((channel) => `${channel.id}${channel.account === 'default' ? '' : `/${channel.account}`}: ${channel.state}`),
    ].join('\n')
  },
}

const whoami: ChatCommand = {
  name: 'whoami', aliases: ['id'], description: 'Who I take you for', args: '', ownerOnly: false, whenHeld: true,
  async run({ message, principal, key }) {
    return [`You are ${principal.role === 'owner' ? 'the owner' : `a ${principal.role}`} here.`, `Sender: \`${message.chat.channel}:${message.sender.id}\``, `Chat: \`${message.chat.chat}\``, `Session: \`${key}\``].join('\n')
  },
}

/** `/new`: what follows is the model to go on with, or the first words of the fresh conversation. */
const fresh: ChatCommand = {
  name: 'new', aliases: ['reset'], description: 'Start afresh; words after it are the first message', args: '[model | text]', ownerOnly: false,
  async run({ args, key, needs, principal }) {
    await needs.reset(key, principal)
    const text = args.trim()
    if (text === '') return 'A fresh start. What is it about?'
    const model = text.includes(' ') ? undefined : needs.models.resolve(text)
    if (model === undefined) return { reply: '', pass: text }
    await needs.patch(key, { model })
    return `A fresh start with ${model}.`
  },
}

const stop: ChatCommand = {
  name: 'stop', aliases: [], description: 'Stop what I am doing and empty the queue', args: '', ownerOnly: false, whenHeld: true,
  async run({ key, needs }) {
    const { turns, waiting, calls } = await needs.stop(key)
    if (turns === 0 && waiting === 0) return 'There is nothing to stop.'
    return [`Stopped${waiting === 0 ? '' : `; ${waiting} waiting ${waiting === 1 ? 'message was' : 'messages were'} let go`}.`, ...callLines(calls)].join('\n')
  },
}

const callWords = { 'done': ['✓', 'Done before that'], 'stopped': ['■', 'Stopped on the way; part of it may be done'], 'not-begun': ['○', 'Never begun'] } as const
const callsShown = 12

/** What was and what was not done, in the order it was asked for; of many only the last ones. */
function callLines(calls: readonly { state: keyof typeof callWords; what: string }[]): string[] {
  return (['done', 'stopped', 'not-begun'] as const).flatMap((state) => {
    const all = calls.filter((call) => call.state === state)
    if (all.length === 0) return []
    const [sign, words] = callWords[state]
    const left = all.length - callsShown
    return ['', `${words}:`, ...(left > 0 ? [`- … ${left} earlier`] : []), ...all.slice(-callsShown).map(({ what }) => `- ${sign} ${codeSpan(what.slice(0, 160))}`)]
  })
}

const pause: ChatCommand = {
  name: 'pause', aliases: [], description: 'Hold everything until /resume; messages are kept', args: '[all]', ownerOnly: true, whenHeld: true,
  async run({ args, needs, principal }) {
    const what = args.trim().toLowerCase()
    if (what !== '' && what !== 'all') throw new Problem('pause-unknown', `There is nothing called "${what.slice(0, 40)}" to pause.`, { next: 'Use `/pause all`.' })
    await needs.halt.pause({ principal: principal.id, via: 'chat' })
    return '⏸️ Paused, also over a restart. What is being done stops before its next step. What is written to me is kept and answered after `/resume`.'
  },
}

const panic: ChatCommand = {
  name: 'panic', aliases: [], description: 'Stop everything, sign everybody out, cut the network', args: '', ownerOnly: true, whenHeld: true,
  async run({ needs, principal }) {
    const done = await needs.halt.panic({ principal: principal.id, via: 'chat' })
    return [
      `🛑 Everything is stopped: ${done.turns} ${done.turns === 1 ? 'turn' : 'turns'}, ${done.commands} ${done.commands === 1 ? 'command' : 'commands'}. Nothing runs or leaves until it is resumed; ${done.waiting} ${done.waiting === 1 ? 'message waits' : 'messages wait'}.`,
      `Taken back: ${done.browsers} browser sign-ins, ${done.devices} device tokens, ${done.grants} lasting permissions, ${done.approvals} open questions.`,
      ...(done.faults.length === 0 ? [] : [`⚠️ Could not be done: ${done.faults.join('; ').slice(0, 600)}`]),
      `What I found is on my machine in \`${done.incident}\`; begin with its README.md.`,
      'To go on: `moltbot resume` there, or `/resume <code>` with your authenticator.',
    ].join('\n')
  },
}

const resume: ChatCommand = {
  name: 'resume', aliases: [], description: 'Go on after /pause, or after /panic with the code of your authenticator', args: '[code] [forget]', ownerOnly: true, whenHeld: true,
  async run({ args, needs, principal }) {
    const words = args.trim().split(/\s+/).filter((word) => word !== '')
    const forget = words.some((word) => word.toLowerCase() === 'forget')
    const code = words.filter((word) => word.toLowerCase() !== 'forget').join('')
    const { was, forgotten } = await needs.halt.resume({ principal: principal.id, via: 'chat' }, { ...(code === '' ? {} : { code }), forget })
    if (was === 'running') return 'I am not paused.'
    return `▶️ ${was === 'panic' ? 'Everything is allowed to run again. Browsers and devices sign in anew.' : 'I go on.'}${forget ? ` ${forgotten} waiting ${forgotten === 1 ? 'message was' : 'messages were'} let go.` : ''}`
  },
}

const model: ChatCommand = {
  name: 'model', aliases: ['models'], description: 'Show or choose the model of this session', args: '[name | list | default]', ownerOnly: false,
  async run({ args, key, needs }) {
    const wanted = args.trim()
    const current = needs.models.current()
    if (wanted === '' || wanted === 'status') {
      const chosen = (await needs.session(key))?.settings.model
      return chosen === undefined ? `This session uses the default, ${current.primary} (${current.why}).` : `This session uses ${chosen}. \`/model default\` goes back to ${current.primary}.`
    }
    if (wanted === 'list') {
      const list = (await needs.models.list()).filter((each) => each.available)
      return list.length === 0 ? 'No model is usable.' : list.slice(0, 60).map((each) => `- ${each.provider}/${each.id}`).join('\n')
    }
    if (wanted === 'default') {
      await needs.patch(key, { model: null })
      return `Back to the default, ${current.primary}.`
    }
    const resolved = needs.models.resolve(wanted)
    if (resolved === undefined) throw new Problem('model-unknown', `I know no model "${wanted.slice(0, 80)}".`, { next: 'See `/model list`.' })
    await needs.patch(key, { model: resolved })
    return `From now on ${resolved} answers here.`
  },
}

const think: ChatCommand = {
  name: 'think', aliases: ['thinking', 't'], description: 'How long the model thinks before it answers', args: `[${thinkingLevels.join(' | ')} | default]`, ownerOnly: false,
  async run({ args, key, needs }) {
    const wanted = args.trim().toLowerCase()
    if (wanted === '') return `Thinking: ${(await needs.session(key))?.settings.thinking ?? 'default'}. Levels: ${thinkingLevels.join(', ')}.`
    if (wanted === 'default') {
      await needs.patch(key, { thinking: null })
      return 'Thinking is back to the default.'
    }
    const level = thinkingWords[wanted]
    if (level === undefined) throw new Problem('thinking-unknown', `"${wanted.slice(0, 40)}" is no thinking level.`, { next: `Use ${thinkingLevels.join(', ')} or default.` })
    await needs.patch(key, { thinking: level })
    return level === 'off' ? 'Thinking is off.' : `Thinking: ${level}.`
  },
}

const usage: ChatCommand = {
  name: 'usage', aliases: ['cost', 'budget'], description: 'What was spent and what is left; a line under each answer', args: '[off | tokens | full | cost]', ownerOnly: false,
  async run({ args, key, needs, principal }) {
    const wanted = args.trim().toLowerCase()
    const session = await needs.session(key)
    if (wanted === '' || wanted === 'cost') {
      const used = session?.usage ?? { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
      const { todayUsd, monthUsd, caps } = await needs.money(principal)
      return [
        `Today: ${usd(todayUsd)}. This month: ${usd(monthUsd)}.`,
        `This session: ${n(used.input)} tokens in, ${n(used.output)} out, ${n(used.cacheRead)} read from the cache. Line under answers: ${session?.settings.usageFooter ?? 'off'}.`,
        ...(caps.length === 0 ? [] : ['']),
        ...caps.map((cap) => `- ${cap.name}: ${usd(cap.leftUsd)} of ${usd(cap.capUsd)} left`),
      ].join('\n')
    }
    if (wanted !== 'off' && wanted !== 'tokens' && wanted !== 'full') throw new Problem('usage-unknown', `"${wanted.slice(0, 40)}" is none of off, tokens, full, cost.`)
    await needs.patch(key, { usageFooter: wanted })
    return wanted === 'off' ? 'No usage line any more.' : 'Each answer now ends with its usage.'
  },
}

const tools: ChatCommand = {
  name: 'tools', aliases: [], description: 'What I may use here, and why not the rest', args: '[verbose]', ownerOnly: false,
  async run({ args, key, message, needs, principal }) {
    const wanted = args.trim().toLowerCase()
    if (wanted !== '' && wanted !== 'compact' && wanted !== 'verbose') throw new Problem('tools-words', `"${wanted.slice(0, 40)}" is none of compact, verbose.`)
    const { agentId, held, tools: all } = await needs.tools(key, message, principal)
    const there = all.filter(({ removedBy }) => removedBy === null)
    const gone = new Map<string, string[]>()
    for (const { name, removedBy } of all) if (removedBy !== null) gone.set(removedBy, [...(gone.get(removedBy) ?? []), name])
    return [
      ...(held === null ? [] : [`⚠️ Nothing of it runs at the moment: ${held}.`, '']),
      there.length === 0 ? `\`${agentId}\` has no tools here.` : wanted === 'verbose' ? `\`${agentId}\` may use here:` : `\`${agentId}\` may use here: ${there.map(({ name }) => `\`${name}\``).join(', ')}.`,
      ...(wanted === 'verbose' ? there.map(({ name, description }) => `- \`${name}\` ${description.split('\n')[0]?.slice(0, 200) ?? ''}`) : []),
      ...(gone.size === 0 ? [] : ['', 'Not here:', ...[...gone].map(([by, names]) => `- ${names.map((name) => `\`${name}\``).join(', ')}: taken away by ${codeSpan(by)}`)]),
    ].join('\n')
  },
}

/** Answers as voice notes, in this conversation. */
const tts: ChatCommand = {
  name: 'tts', aliases: ['voice'], description: 'Answers as voice notes here', args: '[off | always | inbound | tagged | provider | limit | summary | audio]', ownerOnly: false,
  async run({ args, key, needs, principal, message, inbox }) {
    const [, word = '', rest = ''] = /^\s*(\S*)\s*([\s\S]*)$/.exec(args) ?? []
    const value = rest.trim()
    const settings = (await needs.session(key))?.settings ?? {}
    const facts = await needs.voice.facts(settings, message.chat)
    if (principal.role === 'guest' && !facts.guests) throw new Problem('speech-guest', 'Guests are answered in text here.', { next: 'The owner can allow it with messages.tts.guests.' })
    const set = (changes: NonNullable<typeof settings.tts>): Promise<unknown> => needs.patch(key, { tts: { ...settings.tts, ...changes } })
    const mode = word.toLowerCase() === 'on' ? 'always' : word.toLowerCase()
    switch (mode) {
      case '': case 'status': return voiceLines(facts)
      case 'off': case 'always': case 'inbound': case 'tagged': {
        const mute = mode !== 'off' && facts.voices.every(({ why }) => why !== null)
        if (mute) throw new Problem('speech-unset', 'Nobody here can speak.', { next: 'The owner can set messages.tts up, or install espeak-ng: see `/tts status`.' })
        await set({ auto: mode })
        return voiceModes[mode]
      }
      case 'default':
        await needs.patch(key, { tts: null })
        return 'Voice notes here are as configured again.'
      case 'provider': {
        const voice = facts.voices.find(({ id }) => id === value.toLowerCase()) ?? (['openai', 'elevenlabs', 'local'].includes(value.toLowerCase()) ? { id: value.toLowerCase() } : undefined)
        if (voice === undefined) throw new Problem('speech-provider', 'There are openai, elevenlabs and local.', { next: 'For example `/tts provider local`.' })
        // It decides to whom words go and what they cost.
        if (principal.role !== 'owner' && principal.role !== 'admin') throw new Problem('speech-provider', 'Only the owner chooses who speaks.')
        await set({ provider: voice.id })
        return voiceLines(await needs.voice.facts({ ...settings, tts: { ...settings.tts, provider: voice.id } }, message.chat))
      }
      case 'limit': {
        const limit = Number(value)
        if (!Number.isInteger(limit) || limit < 100 || limit > 4_000) throw new Problem('speech-limit', 'A limit is 100 to 4000 characters.', { next: 'For example `/tts limit 800`.' })
        await set({ limit })
        return `At most ${limit} characters of an answer are spoken here.`
      }
      case 'summary':
        if (value !== 'on' && value !== 'off') throw new Problem('speech-summary', 'It is on or off.', { next: 'For example `/tts summary off`.' })
        await set({ summary: value === 'on' })
        return value === 'on' ? 'Long answers are spoken in part, with the text beside them.' : 'Long answers go out as text alone.'
      case 'audio':
        if (value === '') throw new Problem('speech-empty', 'What shall I say?', { next: 'For example `/tts audio Good morning`.' })
        await needs.voice.say(value, { message, inbox, principal, key })
        return ''
      default: throw new Problem('speech-words', `"${word.slice(0, 20)}" is nothing I know here.`, { next: 'Use off, always, inbound, tagged, default, status, provider, limit, summary or audio.' })
    }
  },
}

const voiceModes = {
  off: 'I answer in text here.', always: 'I answer with voice notes here. What cannot be said stands beside them.', inbound: 'I answer a voice note with a voice note here, and words with words.',
  tagged: 'I answer in text here, and with a voice note where I think that it is better heard.',
} as const

function voiceLines({ auto, limit, summary, voices, weaker }: Awaited<ReturnType<CommandContext['needs']['voice']['facts']>>): string {
  const first = voices.find(({ why }) => why === null)
  return [
    Object.hasOwn(voiceModes, auto) ? voiceModes[auto as keyof typeof voiceModes] : auto, `${first === undefined ? '⚠️ Nobody here can speak' : `${first.id} speaks (${first.detail})`}; at most ${limit} characters${summary ? '' : ', longer answers as text alone'}.`,
    ...voices.filter(({ why }) => why !== null).map(({ id, why }) => `- ${id}: ${why ?? ''}`), ...(weaker === undefined ? [] : [`⚠️ ${weaker}`]),
  ].join('\n')
}

const compact: ChatCommand = {
  name: 'compact', aliases: [], description: 'Summarise the older part of this conversation', args: '[what to keep]', ownerOnly: false,
  async run({ args, key, needs }) {
    const result = await needs.compact(key, args.trim() === '' ? undefined : args.trim().slice(0, 800))
    return result.compacted ? 'The older part is summarised; the recent part stays as it is.' : (result.reason ?? 'There was nothing to summarise.')
  },
}

const queue: ChatCommand = {
  name: 'queue', aliases: [], description: 'What messages do that arrive while I work', args: '[steer | followup | collect | interrupt | default]', ownerOnly: false,
  async run({ args, key, needs, message }) {
    const wanted = args.trim().toLowerCase()
    if (wanted === '') return `Queue: ${needs.queueMode(message.chat, (await needs.session(key))?.settings ?? {})}.`
    if (wanted === 'default' || wanted === 'reset') {
      await needs.patch(key, { queue: null })
      return 'The queue is back to its default.'
    }
    if (wanted !== 'steer' && wanted !== 'followup' && wanted !== 'collect' && wanted !== 'interrupt') {
      throw new Problem('queue-unknown', `"${wanted.slice(0, 40)}" is no queue mode.`, { next: 'Use steer, followup, collect, interrupt or default.' })
    }
    await needs.patch(key, { queue: wanted })
    return `Queue: ${wanted}.`
  },
}

const activation: ChatCommand = {
  name: 'activation', aliases: [], description: 'Whether I answer everything in this group, or when mentioned', args: '[mention | always | default]', ownerOnly: true,
  async run({ args, key, needs, message }) {
    if (message.chat.kind === 'direct') return 'This is for groups: between the two of us I answer everything.'
    const wanted = args.trim().toLowerCase()
    if (wanted === '') return `Activation: ${(await needs.session(key))?.settings.groupActivation ?? 'as configured'}.`
    if (wanted === 'default' || wanted === 'reset') {
      await needs.patch(key, { groupActivation: null })
      return 'Activation is as configured again.'
    }
    if (wanted !== 'mention' && wanted !== 'always') throw new Problem('activation-unknown', `"${wanted.slice(0, 40)}" is no activation.`, { next: 'Use mention, always or default.' })
    await needs.patch(key, { groupActivation: wanted })
    return wanted === 'always' ? 'I answer everything that people I know say here.' : 'I answer here when I am mentioned.'
  },
}

const why: ChatCommand = {
  name: 'why', aliases: [], description: 'What became of a message, and why', args: '[id]', ownerOnly: false, whenHeld: true,
  async run({ args, needs, message, principal }) {
    const wanted = args.trim()
    if (wanted !== '' && principal.role !== 'owner' && principal.role !== 'admin') throw new Problem('why-owner', 'Only the owner may ask about other messages.', { next: 'Use `/why` alone for your last one.' })
    const id = wanted === '' ? await needs.lastMessage(message) : wanted
    const found = id === undefined ? undefined : await needs.why(id)
    return found === undefined ? 'I know nothing about that.' : ['```', ...found.lines, '```'].join('\n')
  },
}

const pair: ChatCommand = {
  name: 'pair', aliases: [], description: 'Let someone in who has a pairing code', args: '[code | reject code]', ownerOnly: true,
  async run({ args, needs, principal }) {
    const words = args.trim().split(/\s+/).filter((word) => word !== '')
    const pending = await needs.pairing.pending()
    if (words.length === 0) {
      return pending.length === 0 ? 'Nobody is waiting.' : ['Waiting:', ...pending.map((request) => `- ${request.channel} ${request.senderName ?? ''} (\`${request.sender}\`): \`/pair ${request.code}\``)].join('\n')
    }
    const rejecting = words[0]?.toLowerCase() === 'reject'
    const code = (rejecting || words[0]?.toLowerCase() === 'approve' ? words[1] : words[0]) ?? ''
    const channel = pending.find((request) => request.code === code.toUpperCase())?.channel ?? pending[0]?.channel
    if (channel === undefined) throw new Problem('pairing-none', 'Nobody is waiting to be let in.')
    const by = { via: 'chat', principal: principal.id } as const
    if (rejecting) {
      await needs.pairing.reject(channel, code, by)
      return 'Refused.'
    }
    const paired = await needs.pairing.approve(channel, code, by)
    return `${paired.name ?? paired.sender} may now write to me on ${paired.channel}.`
  },
}

const approve: ChatCommand = {
  name: 'approve', aliases: ['yes'], description: 'Say yes to what the assistant asked for', args: '[code] [once | always | details]', ownerOnly: false,
  async run({ args, needs, principal, key }) {
    const words = args.trim().split(/\s+/).filter((word) => word !== '')
    const all = await needs.approvals.open()
    const elevated = principal.role === 'owner' || principal.role === 'admin'
    const open = all.filter((each) => elevated || each.principal === principal.id)
    const [code, how = 'once'] = words
    if (code === undefined) {
      if (open.length === 0) return 'Nothing waits for a yes.'
      return ['Waiting for a yes:', ...open.map((each) => `- \`${each.code}\` ${each.tool}: ${codeSpan(each.summary)}${each.session === key ? '' : ' (elsewhere)'}`), '', '`/approve <code>`, `/approve <code> details` or `/deny <code>`.'].join('\n')
    }
    const asked = open.find((each) => each.code === code.toUpperCase() || each.id === code)
    if (asked === undefined) throw new Problem('approval-unknown', `No open question has the code ${code.slice(0, 20)}.`, { next: 'See `/approve`.' })
    if (how === 'details' || how === 'show') return `${asked.tool}, asked because ${asked.reason}:\n${codeBlock(asked.detail.slice(0, 3_000))}`
    if (!['once', 'always', 'allow-once', 'allow-always', 'deny'].includes(how)) throw new Problem('approval-words', `"${how.slice(0, 20)}" is none of once, always, details, deny.`)
    const decision = how === 'deny' ? 'deny' : how.endsWith('always') ? 'allow-always' : 'allow-once'
    await needs.approvals.decide(asked.id, decision, { principal, via: 'chat' })
    return decision === 'deny' ? 'No, then.' : decision === 'allow-always' ? `Yes, and from now on without asking: ${asked.always ?? ''}. Take it back with \`moltbot approvals grants\`.` : 'Yes, this once.'
  },
}

const deny: ChatCommand = {
  name: 'deny', aliases: ['no'], description: 'Say no to what the assistant asked for', args: '[code]', ownerOnly: false,
  async run(context) {
    const [code] = context.args.trim().split(/\s+/)
    if (code !== undefined && code !== '') return approve.run({ ...context, args: `${code} deny` })
    const open = (await context.needs.approvals.open()).filter((each) => each.session === context.key)
    const [only] = open
    if (only === undefined || open.length > 1) throw new Problem('approval-which', open.length === 0 ? 'Nothing waits for a yes here.' : 'More than one question waits here.', { next: 'See `/approve`.' })
    return approve.run({ ...context, args: `${only.code} deny` })
  },
}

/** Text that stands for itself in Markdown, on one line. */
function codeSpan(text: string): string {
  const line = text.split('\n').join(' ')
  const ticks = '`'.repeat(1 + Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length)))
  return `${ticks} ${line} ${ticks}`
}

function codeBlock(text: string): string {
  const fence = '`'.repeat(Math.max(3, 1 + Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))))
  return `${fence}\n${text}\n${fence}`
}

export const chatCommands: readonly ChatCommand[] = [help, commands, status, whoami, fresh, stop, pause, resume, panic, model, think, tools, usage, tts, compact, queue, activation, why, pair, approve, deny]
