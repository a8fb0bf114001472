import { computed, signal, type ReadonlySignal } from '@preact/signals'
import { GatewayError, type GatewayClient } from './gateway-client.ts'
import { fields, list, readApproval, words, type AnswerButton, type Approval, type ApprovalDecision } from './wire.ts'

/** The questions this page knows: those that wait and those answered lately. */
export interface Approvals {
  /** Oldest first. An answered question stays, so that its card stays in its place. */
  all: ReadonlySignal<readonly Approval[]>
  /** What waits for a yes or no now, oldest first. */
  open: ReadonlySignal<readonly Approval[]>
  /** Whether these answers to tap are those of a question that is no longer open. False for what this page knows nothing of. */
  isOver(buttons: readonly AnswerButton[]): boolean
  /** Questions this page saw while they were open. */
  seen: ReadonlySet<string>
  /** Takes what was answered in a session off the page: it was started over. */
  forget(sessionKey: string): void
  /** Questions whose answer is on its way. */
  answering: ReadonlySignal<ReadonlySet<string>>
  /** What the gateway last said about a question this page answered in vain, by id. */
  refusals: ReadonlySignal<ReadonlyMap<string, string>>
  /** Reads everything again. Rejects as a request does. */
  load(): Promise<void>
  /** Once per question: while an answer is on its way, or after it was given, nothing more is sent. */
  answer(id: string, decision: ApprovalDecision): Promise<void>
  /** Begins to hear of questions. */
  listen(): void
}

export interface ApprovalsSurroundings {
  client: GatewayClient
  now(): number
  can(method: string): boolean
  /** The gateway's no in the page's words. */
  explain(error: unknown): string
  /** Reads again in its own time; several calls in a row are one reading. */
  reload(): void
}

/** Enough to find every question of the conversations somebody looks at. */
const historyLimit = 100

export function createApprovals(world: ApprovalsSurroundings): Approvals {
  const { client } = world
  const known = signal<ReadonlyMap<string, Approval>>(new Map())
  const answering = signal<ReadonlySet<string>>(new Set())
  const refusals = signal<ReadonlyMap<string, string>>(new Map())
  const all = computed(() => [...known.value.values()].toSorted((a, b) => a.askedAt - b.askedAt))
  const open = computed(() => all.value.filter((approval) => approval.state === 'pending'))

  const seen = new Set<string>()
  function keep(next: ReadonlyMap<string, Approval>): void {
    for (const approval of next.values()) if (approval.state === 'pending') seen.add(approval.id)
    known.value = next
  }
  function put(approval: Approval): void {
    keep(new Map(known.value).set(approval.id, approval))
  }

  /** How a question ended, as far as an event tells. */
  function close(id: string, decision: ApprovalDecision | undefined, by: string | undefined, at: number): void {
    const approval = known.value.get(id)
    if (approval === undefined || approval.state !== 'pending') return
    const state = decision === undefined ? (at >= approval.expiresAt ? 'expired' : 'cancelled') : decision === 'deny' ? 'denied' : 'allowed'
    put({ ...approval, state, decidedAt: at, ...(decision === undefined ? {} : { decision }), ...(by === undefined ? {} : { by }) })
  }

  return {
    all, open, answering, refusals, seen,
    isOver(buttons) {
      // A code is given again once its question is over: one that waits has it now.
      const asked = all.value.filter(({ code }) => buttons.some(({ says }) => says === `/deny ${code}`))
      return asked.length > 0 && asked.every(({ state }) => state !== 'pending')
    },
    forget(sessionKey) {
      for (const approval of known.value.values()) if (approval.sessionKey === sessionKey && approval.state !== 'pending') seen.delete(approval.id)
    },
    async load() {
      if (!world.can('exec.approval.list')) return
      const [waiting, history] = await Promise.all([
        client.request('exec.approval.list', {}),
        world.can('approval.history') ? client.request('approval.history', { limit: historyLimit }) : undefined,
      ])
      const asked = list(waiting).map(readApproval).filter((approval) => approval !== undefined)
      const told = list(fields(history)['approvals']).map(readApproval).filter((approval) => approval !== undefined)
      const next = new Map(known.value)
      for (const approval of [...told, ...asked]) {
        const before = next.get(approval.id)
        // A list that was read before an answer does not open the question again.
        if (approval.state !== 'pending' || before === undefined || before.state === 'pending') next.set(approval.id, approval)
      }
      const there = new Set([...asked, ...told].map((approval) => approval.id))
      // What neither list knows any more is over, though nobody said how.
      for (const [id, approval] of next) if (approval.state === 'pending' && !there.has(id)) next.set(id, { ...approval, state: 'cancelled' })
      keep(next)
    },
    async answer(id, decision) {
      if (answering.value.has(id) || known.value.get(id)?.state !== 'pending') return
      answering.value = new Set(answering.value).add(id)
      refusals.value = new Map([...refusals.value].filter(([other]) => other !== id))
      try {
        await client.request('exec.approval.resolve', { id, decision })
        close(id, decision, undefined, world.now())
      } catch (error) {
        refusals.value = new Map(refusals.value).set(id, world.explain(error))
        // Somebody else may have been faster, or the answer may have arrived: the gateway knows.
        if (error instanceof GatewayError) world.reload()
      } finally {
        answering.value = new Set([...answering.value].filter((other) => other !== id))
      }
    },
    listen() {
      client.on('exec.approval.requested', (payload) => {
        const approval = readApproval(payload)
        if (approval !== undefined) put(approval)
      })
      client.on('exec.approval.resolved', (payload) => {
        const raw = fields(payload)
        const id = words(raw['id']) ?? ''
        const decision = words(raw['decision'])
        close(id, decision === 'allow-once' || decision === 'allow-always' || decision === 'deny' ? decision : undefined, words(raw['resolvedBy']), typeof raw['ts'] === 'number' ? raw['ts'] : world.now())
      })
    },
  }
}
