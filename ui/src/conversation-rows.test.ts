import { describe, expect, it } from 'vitest'
import { isOverBefore, mayBeginAfter, rowsOf } from './conversation-rows.ts'
import type { Line } from './transcript.ts'
import type { Approval, Message } from './wire.ts'

function said(role: Message['role'], id: string, at: number): Line {
  return { kind: 'message', message: { id, role, at, blocks: [{ kind: 'text', text: id }] } }
}
function asked(id: string, state: Approval['state'], askedAt: number, decidedAt?: number): Approval {
  return { id, what: id, why: '', detail: '', state, askedAt, expiresAt: askedAt + 1_000, ...(decidedAt === undefined ? {} : { decidedAt }) } as Approval
}
const keys = (rows: ReturnType<typeof rowsOf>): string[] => rows.rows.map((row) => row.key)

describe('rows of a conversation', () => {
  const lines = [said('user', 'u1', 10), said('assistant', 'a1', 20), said('tool', 't1', 21), said('assistant', 'a2', 30), said('note', 'n1', 31), said('user', 'u2', 40)]

  it('are what is read: results of tools stand with their calls', () => {
    expect(keys(rowsOf(lines, [], true, true))).toEqual(['u1', 'a1', 'a2', 'n1', 'u2'])
  })

  it('say where the assistant begins and ends, over results and notes in between', () => {
    const turns = rowsOf(lines, [], true, true).rows.map((row) => (row.kind === 'line' ? [row.begins, row.ends] : []))
    expect(turns).toEqual([[true, false], [true, false], [false, true], [false, true], [false, true]])
  })

  it('are the same in two parts as in one', () => {
    for (let cut = 0; cut <= lines.length; cut += 1) {
      const [first, second] = [lines.slice(0, cut), lines.slice(cut)]
      const parts = [...rowsOf(first, [], true, isOverBefore(second)).rows, ...rowsOf(second, [], mayBeginAfter(first), true).rows]
      const flat = (rows: typeof parts): unknown[] => rows.map((row) => (row.kind === 'line' ? [row.key, row.begins, row.ends] : row.key))
      // A part with nothing but what stands between says nothing about its neighbour.
      if (!second.every((line) => line.kind === 'message' && line.message.role === 'note')) expect(flat(parts), `cut at ${cut}`).toEqual(flat(rowsOf(lines, [], true, true).rows))
    }
  })

  it('have each answered question before what was said after it, and leave the others for the end', () => {
    const questions = [asked('open', 'pending', 1), asked('late', 'denied', 5, 50), asked('second', 'denied', 6, 25), asked('first', 'allowed', 15, 15)]
    const { rows, left } = rowsOf(lines, questions, true, true)
    expect(rows.map((row) => row.key)).toEqual(['u1', 'ask first', 'a1', 'ask second', 'a2', 'n1', 'u2'])
    expect(left.map((approval) => approval.id)).toEqual(['late', 'open'])
  })

  it('guess longer lines higher, and higher still where there is less room', () => {
    const long: Line = { kind: 'message', message: { id: 'x', role: 'assistant', at: 1, blocks: [{ kind: 'text', text: 'word '.repeat(400) }] } }
    const [short, tall] = [said('assistant', 'y', 1), long].map((line) => rowsOf([line], [], true, true).rows[0])
    expect(tall?.guess(80)).toBeGreaterThan((short?.guess(80) ?? 0) * 5)
    expect(tall?.guess(40)).toBeGreaterThan((tall?.guess(80) ?? 0) * 1.5)
  })
})
