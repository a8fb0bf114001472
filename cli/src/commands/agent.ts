import { Problem, defineCommand, exitCodes, thinkingLevels } from '@moltbot/contract'
import type { ExitCode } from '@moltbot/contract'
import { printable } from '../printable.ts'
import { asFields, asList, asText } from '../wire-fields.ts'

export const agent = defineCommand({
  name: 'agent',
  summary: 'Give the assistant one message and print its answer',
  topic: 'talk',
  description: 'Without -m the message is read from standard input. Ctrl-C stops the work. What the assistant does is shown on standard error, only the answer on standard output.',
  args: {},
  flags: {
    message: { kind: 'text', short: 'm', value: 'text', summary: 'What to say; "-" reads standard input' },
    session: { kind: 'text', value: 'key', summary: 'Which conversation (default main)' },
    agent: { kind: 'text', value: 'id', summary: 'Which agent answers' },
    thinking: { kind: 'text', value: 'level', summary: 'How much it thinks first', choices: thinkingLevels },
    timeout: { kind: 'number', value: 'seconds', summary: 'How long it may take (default 600)', min: 1, max: 86_400 },
    deliver: { kind: 'boolean', summary: 'Also send the answer to where this conversation last took place' },
  },
  json: '{runId, status, text, payloads, meta}',
  examples: ['agent -m "What is on my list?"', 'agent -m - < report.md', 'agent -m "Continue" --session agent:main:work --json'],
  async run({ args: _, flags, json }, { gateway, report, terminal, newId }): Promise<ExitCode> {
    const message = (flags.message === undefined || flags.message === '-' ? await terminal.readInput() : flags.message).trim()
    if (message === '') throw new Problem('usage', 'There is no message.', { next: 'Say it with: moltbot agent -m "…"' })
    const client = await gateway()
    const runId = newId('cli')
    const timeout = flags.timeout ?? 600
    const stopListening = client.onEvent((event, payload) => {
      const words = json || event !== 'agent' ? undefined : progressWords(asFields(payload), runId)
      if (words !== undefined) terminal.progress(words)
    })
    let interrupted = false
    const stopInterrupts = terminal.onInterrupt(() => {
      if (interrupted) return
      interrupted = true
      terminal.note('Stopping…')
      const sessionKey = flags.session ?? (flags.agent === undefined ? 'main' : `agent:${flags.agent}:main`)
      client.request('chat.abort', { sessionKey, runId }).catch((error: unknown) => terminal.note(`It could not be stopped: ${error instanceof Error ? error.message : String(error)}`))
    })
    terminal.progress('thinking…')
    try {
      const answer = asFields(await client.requestFinal('agent', {
        message,
        idempotencyKey: runId,
        sessionKey: flags.session ?? (flags.agent === undefined ? 'main' : undefined),
        ...(flags.agent === undefined ? {} : { agentId: flags.agent }),
        ...(flags.thinking === undefined ? {} : { thinking: flags.thinking }),
        deliver: flags.deliver,
        timeout,
      }, { timeoutMs: (timeout + 10) * 1_000 }))
      const result = asFields(answer['result'])
      const meta = asFields(result['meta'])
      const payloads = asList(result['payloads'])
      const text = payloads.map((payload) => asText(payload['text']) ?? '').filter((part) => part !== '').join('\n\n')
      if (interrupted || meta['aborted'] === true) {
        if (text !== '' && !json) terminal.out(`${printable(text)}\n`)
        if (json) report({ runId, status: 'aborted', text, payloads, meta }, () => '')
        else terminal.note('Stopped.')
        return interrupted ? exitCodes.interrupted : exitCodes.failed
      }
      const failed = asText(answer['status']) !== 'ok' || payloads.some((payload) => payload['isError'] === true)
      report({ runId, status: answer['status'], text, payloads, meta }, () => (text === '' ? terminal.paint.dim('(no answer)') : printable(text)))
      return failed ? exitCodes.failed : exitCodes.ok
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'unavailable' || error.next !== undefined) throw error
      throw new Problem(error.code, error.message, { next: `See which model answers: moltbot models. What happened: moltbot why ${runId}`, cause: error })
    } finally {
      stopListening()
      stopInterrupts()
      terminal.progress(undefined)
    }
  },
})

function progressWords(payload: Record<string, unknown>, runId: string): string | undefined {
  if (payload['runId'] !== runId) return undefined
  const data = asFields(payload['data'])
  if (payload['stream'] === 'tool' && data['phase'] === 'start') return `working: ${asText(data['name']) ?? 'a tool'}…`
  if (payload['stream'] === 'assistant') return 'writing…'
  return undefined
}
