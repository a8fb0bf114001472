import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import type { ExitCode } from '@moltbot/contract'
import { wrapText } from '../display-width.ts'
import { answered, checkFlags } from '../onboard/answers.ts'
import type { Answers, OnboardFlags } from '../onboard/answers.ts'
import { chooseModel } from '../onboard/choose-model.ts'
import { connectChannel } from '../onboard/connect-channel.ts'
import { openLink } from '../onboard/link.ts'
import type { Link } from '../onboard/link.ts'
import { printable } from '../printable.ts'
import { asFields, asList, asText } from '../wire-fields.ts'

const firstWords = 'Hello! Who are you, and what can you do for me?'

export const onboard = defineCommand({
  name: 'onboard',
  summary: 'Set everything up, step by step, until a message was answered',
  topic: 'start',
  description: 'Asks which model answers and where you want to talk to it, tries each answer at once, and ends when your first message was answered. Run it as often as you like: it starts from how things are, and never removes anything. Keys and tokens go to secrets.env, which only you can read.\n\nEvery question has a flag. With --non-interactive nothing is asked and missing flags are listed.',
  args: {},
  flags: {
    'non-interactive': { kind: 'boolean', summary: 'Ask nothing' },
    start: { kind: 'boolean', summary: 'Start the gateway when it is not running' },
    model: { kind: 'text', value: 'model', summary: 'provider/model, or "keep"' },
    provider: { kind: 'text', value: 'id', summary: 'Add a key for this provider, like anthropic' },
    key: { kind: 'text', value: 'key', summary: 'The provider\'s key; "-" reads the next line of standard input' },
    channel: { kind: 'text', value: 'id', summary: 'Network to connect, or "none"' },
    'channel-token': { kind: 'text', value: 'token', summary: 'Its bot token; "-" reads the next line of standard input' },
    message: { kind: 'text', value: 'text', summary: `The first message (default "${firstWords}")` },
  },
  json: '{model, channel, answer, url}',
  examples: ['onboard', 'onboard --non-interactive --start --model keep --channel none', 'onboard --provider anthropic --key - < key.txt'],
  async run({ flags, json }, context): Promise<ExitCode> {
    const { terminal, machine, newId } = context
    const asks = !flags['non-interactive'] && terminal.interactive && !json
    const given = await readFlags(flags, () => terminal.readInput())
    if (!asks) checkFlags(given)
    const prompts = asks ? await terminal.prompts() : undefined
    const answers: Answers = {
      flags: given,
      prompts,
      say: (text) => (prompts === undefined ? terminal.note(printable(text)) : prompts.info(wrapText(printable(text), terminal.columns() - 4).join('\n'))),
      busy: (message) => {
        if (prompts !== undefined) return prompts.busy(message)
        terminal.progress(message)
        return (done) => terminal.note(printable(done))
      },
    }
    prompts?.intro('Setting up Moltbot')
    const link = await openLink(context, async (problem) => {
      if (given.start) return true
      if (prompts === undefined) throw new Problem(problem.code, problem.message, { next: 'Add --start to start it, or start it yourself: ' + machine.startCommand })
      return answered(await prompts.confirm({ message: 'The gateway is not running. Start it now?', initial: true }))
    })
    try {
      const first = await chooseModel(link, answers, machine, newId)
      const channel = await connectChannel(link, answers, machine)
      const { model, text } = await firstAnswer(link, answers, first, () => chooseModel(link, { ...answers, flags: { start: false } }, machine, newId), newId)
      const closing = [
        `Done: ${model} answered.`,
        `  In the browser:  ${link.url()}/`,
        '  In the terminal: moltbot chat',
        ...(channel === undefined ? [] : [`  On ${channel}: write to your bot. It answers with a code; then run:`, '                   moltbot pairing approve <code>']),
      ].join('\n')
      if (prompts !== undefined) prompts.outro(closing)
      else context.report({ model, channel: channel ?? null, answer: text, url: link.url() }, () => `${printable(text)}\n\n${closing}`)
      return exitCodes.ok
    } finally {
      link.close()
    }
  },
})

/** Sends the first message until one was answered. Without a person a failure is a failure. */
async function firstAnswer(link: Link, answers: Answers, model: string, chooseAgain: () => Promise<string>, newId: (prefix: string) => string): Promise<{ model: string; text: string }> {
  const { prompts } = answers
  let current = model
  let message = answers.flags.message ?? (prompts === undefined ? firstWords : undefined)
  for (;;) {
    const words = message ?? answered(await prompts?.text({ message: 'Say something to it', initial: firstWords, check: (value) => (value.trim() === '' ? 'One word is enough.' : undefined) }))
    const done = answers.busy('Waiting for the answer…')
    const outcome: { text: string } | { why: string } = await link.requestFinal('agent', { message: words, sessionKey: 'main', idempotencyKey: newId('onboard'), timeout: 120, deliver: false }, 130_000).then(
      (answer) => {
        const text = asList(asFields(answer['result'])['payloads']).map((payload) => asText(payload['text']) ?? '').join('\n\n').trim()
        return answer['status'] === 'ok' && text !== '' ? { text } : { why: text === '' ? 'the answer was empty.' : text }
      },
      (error: unknown) => {
        if (error instanceof Problem) return { why: error.explain() }
        throw error
      },
    )
    if ('text' in outcome) {
      done('It answered:')
      if (prompts !== undefined) answers.say(outcome.text)
      return { model: current, text: outcome.text }
    }
    done('No answer.')
    if (prompts === undefined) throw new Problem('no-answer', `The message was not answered: ${outcome.why}`, { next: 'Look at: moltbot models status, and moltbot logs' })
    answers.say(outcome.why)
    message = undefined
    const next = answered(await prompts.select({ message: 'What now?', options: [{ value: 'again', label: 'Try again' }, { value: 'model', label: 'Choose another model' }, { value: 'leave', label: 'Leave; everything done so far stays' }] }))
    if (next === 'leave') answered(undefined)
    if (next === 'model') current = await chooseAgain()
  }
}

interface GivenFlags { start: boolean; model: string | undefined; provider: string | undefined; key: string | undefined; channel: string | undefined; 'channel-token': string | undefined; message: string | undefined }

async function readFlags(flags: GivenFlags, readInput: () => Promise<string>): Promise<OnboardFlags> {
  let lines: string[] | undefined
  const value = async (text: string | undefined): Promise<string | undefined> => {
    if (text !== '-') return text
    lines ??= (await readInput()).split(/\r?\n/)
    return lines.shift()?.trim()
  }
  const key = await value(flags.key)
  const channelToken = await value(flags['channel-token'])
  return {
    start: flags.start,
    ...(flags.model === undefined ? {} : { model: flags.model }),
    ...(flags.provider === undefined ? {} : { provider: flags.provider }),
    ...(key === undefined ? {} : { key }),
    ...(flags.channel === undefined ? {} : { channel: flags.channel }),
    ...(channelToken === undefined ? {} : { channelToken }),
    ...(flags.message === undefined ? {} : { message: flags.message }),
  }
}
