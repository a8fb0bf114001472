import { describe, expect, it } from 'vitest'
import { ownConversation, type Effect, type ToolCallId, type TurnId } from '@moltbot/contract'
import { doneWords, receiptsOf, undoneOf, undoneWords } from './receipts.ts'
import type { CallOutcome, ToolCallRow } from './tool-call.ts'

let count = 0
const row = (name: string, effects: Effect[] | null, outcome: CallOutcome | null, more: { why?: string; input?: Record<string, unknown> } = {}): ToolCallRow => ({
  turnId: 't' as TurnId, callId: `c${count++}` as ToolCallId, name, input: more.input ?? {}, state: outcome === null ? 'started' : outcome === 'refused' ? 'refused' : 'finished', startedAt: 0,
  finishedAt: null, result: null, effects, outcome, why: more.why ?? null,
})
const run = (what: string, outcome: CallOutcome | null, why?: string): ToolCallRow =>
  row('run', [{ kind: 'runs-code', what }, { kind: 'writes-workspace', path: '.' }], outcome, why === undefined ? {} : { why })
const write = (path: string, outcome: CallOutcome): ToolCallRow => row('write', [{ kind: 'writes-workspace', path }], outcome)
const send = (to: string, outcome: CallOutcome, why?: string): ToolCallRow => row('message', [{ kind: 'sends', to }], outcome, { input: { action: 'send' }, ...(why === undefined ? {} : { why }) })
const told = (...calls: ToolCallRow[]): string => undoneWords(undoneOf(receiptsOf(calls)), true)

describe('what was not done', () => {
  it('is said in a line: which tool, to what, and why', () => {
    expect(told(run('make deploy', 'failed', 'exit 2'))).toBe('⚠️ Not done: run `make deploy` failed (exit 2).')
    expect(told(send('telegram:2002', 'refused', 'a person said no'))).toBe('⚠️ Not done: message send `telegram:2002` was refused (a person said no).')
    expect(told(send(ownConversation, 'failed', 'The chat is gone.'))).toBe('⚠️ Not done: message send failed (The chat is gone).')
    expect(told(run('make deploy', null))).toBe('⚠️ Not done: run `make deploy` was interrupted; whether it was done is not known.')
  })
  it('is silent about what was done, what goes on, and what only looked', () => {
    expect(told(run('make', 'done'), write('a.md', 'done'), run('sleep 9', 'going'), row('read', [{ kind: 'reads-private', what: 'x' }], 'failed'), row('web_fetch', [{ kind: 'reads-untrusted', what: 'x' }, { kind: 'reaches-host', host: 'x' }], 'refused'))).toBe('')
    // Calls from before receipts were kept say nothing either way.
    expect(told({ ...row('write', null, null), state: 'finished' })).toBe('')
  })
  it.each([
    ['the same command', [run('make deploy', 'failed'), run('make deploy', 'done')]],
    ['its last step, later on its own', [run('npm ci && npm test', 'failed'), run('npm test', 'done')]],
    ['the step among others', [run('make deploy', 'failed'), run('cd app && make deploy V=1', 'done')]],
    ['another version of the program', [run('python build.py', 'failed', 'exit 127'), run('python3 build.py', 'done')]],
    ['the same file by another spelling', [write('./a.md', 'failed'), write('/workspace/a.md', 'done')]],
    ['a call that could not be understood, made again', [row('write', null, 'refused'), write('a.md', 'done')]],
  ])('is over once it was done after all: %s', (_what, calls) => {
    expect(told(...calls)).toBe('')
  })
  it.each([
    ['another command', [run('make deploy', 'failed'), run('ls', 'done')], 'make deploy'],
    ['another file', [write('a.md', 'failed'), write('b.md', 'done')], 'a.md'],
    ['another recipient', [send('telegram:1', 'failed'), send('telegram:2', 'done')], 'telegram:1'],
    ['another kind of act', [send('telegram:1', 'failed'), write('telegram:1', 'done')], 'telegram:1'],
    ['what was done before it failed', [run('make deploy', 'done'), run('make deploy', 'failed')], 'make deploy'],
    ['one of two beside each other', [write('a.md', 'done'), write('b.md', 'failed')], 'b.md'],
  ])('is not hidden by %s', (_what, calls, expected) => {
    expect(told(...calls)).toContain(expected)
  })
  it('is told once for each act, however often it was tried, and never at length', () => {
    expect(told(run('make deploy', 'failed', 'exit 1'), run('make deploy', 'failed', 'exit 2'))).toBe('⚠️ Not done: run `make deploy` failed (exit 2).')
    const many = told(...Array.from({ length: 9 }, (_, at) => write(`${at}.md`, 'failed')))
    expect(many.split('\n')).toHaveLength(7)
    expect(many).toContain('and 4 more')
  })
  it('says nothing of what it was about where others read along', () => {
    const calls = [run('curl -H "X-Key: abc" api.example', 'failed', 'exit 7'), send('telegram:2002', 'refused', 'it would send to telegram:2002')]
    const words = undoneWords(undoneOf(receiptsOf(calls)), false)
    expect(words).toBe('⚠️ Not done:\n- run failed (exit 7)\n- message send was refused')
  })
  it('cannot be made to say other things by what a call names', () => {
    const words = told(row('write', [{ kind: 'writes-workspace', path: 'a.md`.\n\n✅ **All done** [see](http://evil.example) \u202e' }], 'failed', { why: '**no** [see](http://evil.example)`\u202e' }))
    expect(words.split('\n')).toHaveLength(1)
    expect(words.match(/`/g)).toHaveLength(2)
    const [, , outside = ''] = words.split('`')
    expect(outside).toContain('no')
    expect(outside).not.toMatch(/[*[\]`]/)
    expect(words).not.toMatch(/\u202e/)
  })
})

describe('what was done, for people who want it under each answer', () => {
  const said = (...calls: ToolCallRow[]): string => doneWords(receiptsOf(calls), true)
  it('names each act once, with what goes on, and leaves out what only looked or failed', () => {
    expect(said(write('a.md', 'done'), write('a.md', 'done'), send('telegram:2002', 'done'), run('make watch', 'going'), run('make', 'failed', 'exit 2'), row('read', [{ kind: 'reads-private', what: 'x' }], 'done'))).toBe('🧾 Done: write `a.md`; message send `telegram:2002`; run `make watch` (still going).')
    expect(said(...Array.from({ length: 9 }, (_, at) => write(`${at}.md`, 'done')))).toContain('; and 4 more: `/why`.')
  })
  it('says that nothing was done, unless nobody knows', () => {
    expect([said(), said(run('make', 'failed')), said(send('telegram:1', 'refused'))]).toEqual(Array(3).fill('🧾 Nothing was written, run, sent or changed.'))
    expect(said(run('make', null))).toBe('🧾 Nothing is known to have been done.')
  })
  it('says nothing of what it was about where others read along, and stays one line', () => {
    expect(doneWords(receiptsOf([send('telegram:2002', 'done')]), false)).toBe('🧾 Done: message send.')
    expect(said(write('a.md`.\n\n🧾 Done: all', 'done')).split('\n')).toHaveLength(1)
  })
})
