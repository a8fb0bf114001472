import { expect, it } from 'vitest'
import type { Action, Principal, Tx, Verdict } from '@moltbot/contract'
import { everyday, tasks, wishes } from '../campaigns/everyday-tasks.ts'
import type { TestGateway } from '../support/test-gateway.ts'

it('one of each everyday task passes on the gateway as it comes', async () => {
  const report = await everyday({ only: (_wish, number) => number % 5 === 0 })
  expect(report).toEqual({ tried: tasks.length, passed: tasks.length, blocked: 0, questions: 0, failed: [] })
  expect(wishes).toHaveLength(50)
  expect(tasks.map((task) => wishes.filter((wish) => wish.task === task).length)).toEqual(tasks.map(() => 5))
})

/** A judge that lets nothing run and nothing be written. */
function inTheWay(at: TestGateway): void {
  const { guard } = at.gateway.journey
  const judge = guard.judgeIn
  guard.judgeIn = async (tx: Tx, principal: Principal, action: Action): Promise<Verdict> =>
    action.kind === 'use-tool' && action.effects.some(({ kind }) => kind === 'runs-code' || kind === 'writes-workspace') ? { kind: 'deny', reason: 'to be safe' } : judge(tx, principal, action)
}

it('twin: rules that get in the way are counted', async () => {
  const report = await everyday({ broken: inTheWay, only: ({ task }, number) => number % 5 === 0 && (task === tasks[5] || task === tasks[6] || task === tasks[8]) })
  expect(report).toMatchObject({ tried: 3, passed: 0, blocked: 3 })
})
