import { describe, expect, it } from 'vitest'
import { emptyTranscript, linesOf, outcomesOf, runningRun, withAgentEvent, withChatEvent, withDelivery, withEarlier, withHistory, withMessage, withOwn, withProgress, withReset, type Line, type Transcript } from './transcript.ts'
import type { Message } from './wire.ts'

const key = 'agent:main:main'
const at = { runId: 'K', sessionKey: key }

function user(id: string, text: string, own?: string): Message {
  return { id, role: 'user', at: 1, blocks: [{ kind: 'text', text }], ...(own === undefined ? {} : { key: own }) }
}
function answer(id: string, text: string): Message {
  return { id, role: 'assistant', at: 2, blocks: [{ kind: 'text', text }] }
}
function own(id: string, text: string): { key: string; sessionKey: string; text: string; images: []; at: number } {
  return { key: id, sessionKey: key, text, images: [], at: 1 }
}
/** What a reader sees, one line each. */
function read(transcript: Transcript): string[] {
  return linesOf(transcript).map((line: Line) => {
    switch (line.kind) {
      case 'message':
        return `${line.message.role} ${line.message.blocks.map((block) => ('text' in block ? block.text : block.kind)).join('+')}`
      case 'own':
        return `own ${line.text}`
      case 'run':
        return `run(${line.state}) ${line.segments.map((segment) => ('text' in segment ? segment.text : segment.name)).join('+')}`
    }
  })
}

describe('a transcript', () => {
  it('shows what the person wrote at once and does not repeat it when the history has it', () => {
    let now = withOwn(withHistory(emptyTranscript, [], [], false), own('K', 'hello'))
    expect(read(now)).toEqual(['own hello'])
    now = withMessage(now, user('1', 'hello', 'K'))
    expect(read(now)).toEqual(['user hello'])
  })

  it('streams, and hands over to the history without showing anything twice', () => {
    let now = withOwn(withHistory(emptyTranscript, [], [], false), own('K', 'hi'))
    now = withMessage(now, user('1', 'hi', 'K'))
    now = withChatEvent(now, { ...at, state: 'delta', text: 'Hel' })
    now = withChatEvent(now, { ...at, state: 'delta', text: 'Hello' })
    expect(read(now)).toEqual(['user hi', 'run(running) Hello'])
    now = withMessage(now, answer('2', 'Hello'))
    expect(read(now)).toEqual(['user hi', 'assistant Hello', 'run(running) '])
    now = withChatEvent(now, { ...at, state: 'final', text: 'Hello' })
    expect(read(now)).toEqual(['user hi', 'assistant Hello'])
    expect(now.deliveries.get('K')).toEqual({ kind: 'answered' })
  })

  it('keeps what was paged back to when the newest page comes again, and forgets it when that page is another', () => {
    let now = withHistory(emptyTranscript, [user('3', 'c'), answer('4', 'd')], [], true)
    // A page may overlap with what is there.
    now = withEarlier(now, [user('1', 'a'), answer('2', 'b'), user('3', 'c')], false)
    expect([read(now), now.hasMore]).toEqual([['user a', 'assistant b', 'user c', 'assistant d'], false])
    now = withHistory(now, [user('3', 'c'), answer('4', 'd'), user('5', 'e')], [], true)
    expect([read(now), now.hasMore]).toEqual([['user a', 'assistant b', 'user c', 'assistant d', 'user e'], false])
    now = withHistory(now, [user('9', 'z')], [], true)
    expect([read(now), now.hasMore]).toEqual([['user z'], true])
    // A page with nothing new is the end, whatever it says.
    expect(withEarlier(now, [user('9', 'z')], true).hasMore).toBe(false)
  })

  it('keeps the answer when the end comes before the history', () => {
    let now = withHistory(emptyTranscript, [user('1', 'hi', 'K')], [], false)
    now = withChatEvent(now, { ...at, state: 'delta', text: 'Hel' })
    now = withChatEvent(now, { ...at, state: 'final', text: 'Hello' })
    expect(read(now)).toEqual(['user hi', 'run(ended) Hello'])
    expect(read(withHistory(now, [user('1', 'hi', 'K'), answer('2', 'Hello')], [], false))).toEqual(['user hi', 'assistant Hello'])
  })

  it('does not take an equal earlier answer for this one', () => {
    let now = withHistory(emptyTranscript, [user('1', 'ok?', 'J'), answer('2', 'OK'), user('3', 'and now?', 'K')], [], false)
    now = withChatEvent(now, { ...at, state: 'delta', text: 'OK' })
    expect(read(now).at(-1)).toBe('run(running) OK')
  })

  it('keeps a command and its reply in their place though the history has neither', () => {
    let now = withHistory(emptyTranscript, [user('1', 'a'), answer('2', 'b')], [], false)
    now = withOwn(now, own('K', '/status'))
    now = withChatEvent(now, { ...at, state: 'final', text: 'All is well' })
    now = withHistory(now, [user('1', 'a'), answer('2', 'b')], [], false)
    now = withMessage(withMessage(now, user('3', 'c')), answer('4', 'd'))
    expect(read(now)).toEqual(['user a', 'assistant b', 'own /status', 'run(ended) All is well', 'user c', 'assistant d'])
  })

  it('separates words before and after a tool, and shows the result that came before its line', () => {
    let now = withHistory(emptyTranscript, [user('1', 'look', 'K')], [], false)
    now = withChatEvent(now, { ...at, state: 'delta', text: 'I look.' })
    now = withAgentEvent(now, { ...at, stream: 'tool-start', callId: 'c1', name: 'list', input: {} })
    now = withAgentEvent(now, { ...at, stream: 'tool-result', callId: 'c1', name: 'list', text: 'notes.md', isError: false })
    now = withChatEvent(now, { ...at, state: 'delta', text: 'There is notes.md.' })
    expect(read(now).at(-1)).toBe('run(running) I look.+list+There is notes.md.')
    expect(outcomesOf(now).get('c1')).toEqual({ text: 'notes.md', isError: false })
    now = withMessage(now, { ...answer('2', 'I look.'), blocks: [{ kind: 'text', text: 'I look.' }, { kind: 'tool-call', id: 'c1', name: 'list', input: {} }] })
    expect(read(now)).toEqual(['user look', 'assistant I look.+tool-call', 'run(running) There is notes.md.'])
  })

  it('measures a call by the gateway’s clock, and keeps that when its line comes', () => {
    let now = withAgentEvent(emptyTranscript, { ...at, stream: 'tool-start', callId: 'c1', name: 'list', input: {}, at: 1_000 })
    now = withAgentEvent(now, { ...at, stream: 'tool-result', callId: 'c1', name: 'list', text: 'notes.md', isError: false, at: 3_500 })
    now = withMessage(now, { id: '3', role: 'tool', at: 1, blocks: [{ kind: 'text', text: 'notes.md, whole' }], callId: 'c1', toolName: 'list', isError: false })
    expect(outcomesOf(now).get('c1')).toEqual({ text: 'notes.md, whole', isError: false, tookMs: 2_500 })
    // A clock that was set back measures nothing.
    now = withAgentEvent(now, { ...at, stream: 'tool-start', callId: 'c2', name: 'list', input: {}, at: 9_000 })
    now = withAgentEvent(now, { ...at, stream: 'tool-result', callId: 'c2', name: 'list', text: '', isError: false, at: 8_000 })
    expect(outcomesOf(now).get('c2')).toEqual({ text: '', isError: false })
  })

  it('learns after a lost line that a run has ended meanwhile', () => {
    let now = withHistory(emptyTranscript, [user('1', 'hi', 'K')], ['K'], false)
    now = withChatEvent(now, { ...at, state: 'delta', text: 'Hel' })
    expect(runningRun(now)?.runId).toBe('K')
    now = withHistory(now, [user('1', 'hi', 'K'), answer('2', 'Hello')], [], false)
    expect(runningRun(now)).toBeUndefined()
    expect(read(now)).toEqual(['user hi', 'assistant Hello'])
  })

  it('learns that a message was answered while nobody listened', () => {
    const hi = user('1', 'hi', 'K')
    let now = withHistory(withDelivery(emptyTranscript, 'K', { kind: 'accepted' }), [hi], ['K'], false)
    expect(now.deliveries.get('K')).toEqual({ kind: 'accepted' })
    now = withHistory(now, [{ ...hi, progress: { kind: 'answered' } }, answer('2', 'Hello')], [], false)
    expect(now.deliveries.get('K')).toEqual({ kind: 'answered' })
  })

  it('takes how far each message is from the ledger, also of those that came by a network, and hears what changes', () => {
    const asked = { ...user('1', 'from Ann'), whyId: 'in1', progress: { kind: 'delivering', reason: 'the line is down' } as const }
    let now = withHistory(emptyTranscript, [asked], [], false)
    expect(now.deliveries.get('in1')).toEqual({ kind: 'delivering', reason: 'the line is down' })
    const again = withHistory(now, [{ ...asked, progress: { ...asked.progress } }], [], false)
    expect(again.deliveries.get('in1')).toBe(now.deliveries.get('in1'))
    now = withProgress(now, 'in1', { kind: 'uncertain' })
    expect(now.deliveries.get('in1')).toEqual({ kind: 'uncertain' })
    expect(withProgress(now, 'in1', { kind: 'uncertain' })).toBe(now)
    // A line that is told as it is written was accepted.
    expect(withMessage(now, user('2', 'more', 'K')).deliveries.get('K')).toEqual({ kind: 'accepted' })
  })

  it('says once why there is no answer: where it was seen to happen', () => {
    let now = withHistory(emptyTranscript, [user('1', 'hi', 'K')], ['K'], false)
    now = withChatEvent(now, { ...at, state: 'error', message: 'no credit', kind: 'unknown' })
    expect(withProgress(now, 'K', { kind: 'unanswered', reason: 'no credit' }).deliveries.get('K')).toEqual({ kind: 'unanswered' })
    expect(withProgress(emptyTranscript, 'K', { kind: 'unanswered', reason: 'no credit' }).deliveries.get('K')).toEqual({ kind: 'unanswered', reason: 'no credit' })
  })

  it('shows what waits for its turn below what goes on, until it has its line', () => {
    const waiting = [{ ...user('w', 'and then?', 'L'), progress: { kind: 'accepted' } as const }]
    let now = withHistory(emptyTranscript, [user('1', 'hi', 'K')], ['K'], false, waiting)
    expect([read(now), now.deliveries.get('L')]).toEqual([['user hi', 'run(running) ', 'own and then?'], { kind: 'accepted' }])
    now = withHistory(now, [user('1', 'hi', 'K')], ['K'], false, waiting)
    expect(read(now).length).toBe(3)
    now = withMessage(now, user('2', 'and then?', 'L'))
    expect(read(now)).toEqual(['user hi', 'user and then?', 'run(running) '])
  })

  it('finds a run that began before the page was opened', () => {
    const now = withHistory(emptyTranscript, [user('1', 'hi', 'K')], ['K'], false)
    expect(runningRun(now)?.runId).toBe('K')
  })

  it('keeps words that were not sent when the session is emptied', () => {
    let now = withOwn(withHistory(emptyTranscript, [user('1', 'a'), answer('2', 'b')], [], false), own('K', 'wait for me'))
    now = withDelivery(now, 'K', { kind: 'waiting' })
    expect(read(withReset(now))).toEqual(['own wait for me'])
  })

  it('shows why there is no answer, and goes on showing it after the history was read again', () => {
    let now = withHistory(emptyTranscript, [user('1', 'hi', 'K')], ['K'], false)
    now = withChatEvent(now, { ...at, state: 'error', message: 'no credit', kind: 'unknown' })
    now = withHistory(now, [user('1', 'hi', 'K')], [], false)
    const last = linesOf(now).at(-1)
    expect(last?.kind === 'run' ? last.error : undefined).toBe('no credit')
  })

  it('puts a run behind the message it answers and before what was written later', () => {
    let now = withOwn(withOwn(withHistory(emptyTranscript, [], [], false), own('K', 'one')), own('L', 'two'))
    now = withChatEvent(now, { ...at, state: 'delta', text: 'Answer to one' })
    expect(read(now)).toEqual(['own one', 'run(running) Answer to one', 'own two'])
  })
})
