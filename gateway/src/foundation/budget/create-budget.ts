import { Problem, describeError, noUsage } from '@moltbot/contract'
import type { Charge, Clock, ConfigView, Logger, ModelCall, ModelCallEvent, ModelFormat, ModelRequest, NewId, Provider, Store, TurnId, Tx, Usage } from '@moltbot/contract'
import { askFirst, type AskOwner, type OwnerAnswer, type Refusal } from './ask-owner.ts'
import { createCalendar } from './calendar.ts'
import { capsFor, everyCap, stateOf, type Cap } from './caps.ts'
import { budgetsSection } from './config.ts'
import { createLedger } from './ledger.ts'
import { meterFormat } from './meter.ts'
import { costOf, inputRate, inputTokens, isOurs, priceOf, type KnownPrice, type Price } from './prices.ts'
import { takeOver } from './take-over.ts'
import type { Admission, BudgetDoor, Reservation, SpendKind, SpendRow, Tally, Tokens, Unfinished } from './types.ts'

export type { KnownPrice } from './prices.ts'

/** The least room for an answer that a call is worth making for, in tokens. */
const answerTokensMin = 4_096
/** One call sets aside at most this part of what a period has left, so that several can run side by side. */
const shareOfPeriod = 0.25
/** How long a call waits for others that have set the rest aside. Shorter than the silence after which another model is asked. */
const waitMs = 8_000
/** What could not go with a transaction of its turn is written by itself after this long. */
const sweepMs = 2_000
/** No common provider writes faster; how much a call that broke off can have written. */
const tokensPerSecondMax = 200
const daysKept = 800
/** Longer than any period they hold for. */
const raisesKeptMs = 62 * 86_400_000
/** Turns whose sums stay in memory. */
const turnsMax = 2_000
const turnsForgottenAtOnce = 250

export interface BudgetOptions {
  store: Store
  clock: Clock
  newId: NewId
  log: Logger
  config: ConfigView
  /** The owner's time zone; undefined: the machine's. Asked anew each time. */
  timeZone(): string | undefined
  known(provider: string, model: string): KnownPrice
  /** Tells the owner in words; `key` is the same for the same notice. False: there is no place yet to tell it. */
  notify(words: string, key: string): Promise<boolean>
}

/** Something that is paid for by another measure than tokens: speech by thousands of characters, listening by minutes. */
export interface Expense {
  kind: 'speech' | 'listening'
  provider: string
  model: string
  /** Where it is asked for; on this machine or a private address it is free unless it has a price. */
  baseUrl: string
  /** The most of it, in its measure. */
  most: number
  /** US dollars for one of its measure. Absent: not known, it counts at the ceiling. */
  price?: { usd: number; from: 'catalog' | 'config' }
}
/** Money set aside for an expense. Settling twice is harmless; the first counts. In its measure; 0: nothing was taken for it. */
export interface SetAside { settle(amount: number): void }

export interface Budget {
  door: BudgetDoor
  /** Sets aside what an expense can cost at most; counts as that when the gateway stops before it is settled. Rejects with a `Problem` when a cap leaves no room. */
  setAside(charge: Charge, expense: Expense, signal: AbortSignal): Promise<SetAside>
  /** The formats with every call metered. */
  meter(formats: readonly ModelFormat[]): ModelFormat[]
  /** The call, with another model where a cap leaves no room and the configuration names one, or after the owner's yes where it says so. Without `askOwner` nobody is asked. */
  callModel(ask: (call: ModelCall) => AsyncIterable<ModelCallEvent>): (call: ModelCall, askOwner?: AskOwner) => AsyncIterable<ModelCallEvent>
  /** Writes what was spent and is not written yet, of one turn, into a transaction that keeps its work. A transaction that fails takes nothing back: it is written with the next. */
  write(tx: Tx, turn: TurnId): Promise<void>
  /** Reads what was spent; charges what a gateway that died may have had under way. Called once, before the first call. */
  open(unfinished: () => Promise<readonly Unfinished[]>): Promise<void>
  /** Writes everything. Calls after that are refused. */
  close(): Promise<void>
}

export function createBudget(options: BudgetOptions): Budget {
  const { store, clock, newId, log, config } = options
  const ledger = createLedger(store)
  const calendar = createCalendar(options)
  const tallies = new Map<string, Tally>()
  const noticed = new Set<string>()
  /** What people's answers added to a cap of one period, and where they said no. */
  const raises = new Map<string, number>()
  const declined = new Set<string>()
  /** The last call of a turn that a cap left no room for, and the questions that wait for an answer, by cap. */
  const refusals = new Map<TurnId, Refusal>()
  const questions = new Map<string, Promise<OwnerAnswer>>()
  const pending = new Map<string, SpendRow>()
  const underWay = new Set<Reservation>()
  const waiting = new Set<() => void>()
  let cancelSweep: (() => void) | undefined
  let unwritable: unknown
  let closed = false

  const settings = (): ReturnType<typeof config.get<typeof budgetsSection.schema>> => config.get(budgetsSection)

  function tally(key: string): Tally {
    let found = tallies.get(key)
    if (found === undefined) tallies.set(key, (found = { spent: 0, reserved: 0 }))
    return found
  }

  /** Under which sums a call of that day counts. All of them are kept, whether they have a cap now or not: the configuration may change. */
  function keysOf(charge: Pick<Charge, 'principal' | 'agent' | 'channel' | 'turn'>, day: string): string[] {
    const scopes = ['gateway:', `person:${charge.principal}`, `agent:${charge.agent}`, `channel:${charge.channel}`]
    return [...scopes.flatMap((scope) => [`${scope}:${day}`, `${scope}:${day.slice(0, 7)}`]), ...(charge.turn === '' ? [] : [`turn:${charge.turn}:`])]
  }

  let sumsOf = ''
  /** Sums of months and days that are over are let go. */
  function turnOfDay(): string {
    const day = calendar.today()
    if (day !== sumsOf) {
      sumsOf = day
      const month = day.slice(0, 7)
      for (const key of tallies.keys()) if (!key.startsWith('turn:') && !key.endsWith(`:${day}`) && !key.endsWith(`:${month}`)) tallies.delete(key)
    }
    return day
  }
  let forgetAt = turnsMax
  /** Sums of the oldest turns are let go, many at once: looking through all of them costs. */
  function forgetTurns(): void {
    if (tallies.size < forgetAt) return
    const turns = [...tallies.keys()].filter((key) => key.startsWith('turn:'))
    for (const key of turns.slice(0, Math.max(0, turns.length - turnsMax))) if (tallies.get(key)?.reserved === 0) tallies.delete(key)
    forgetAt = tallies.size + turnsForgottenAtOnce
  }

  /** The caps with what was added to them for this period. */
  const raised = (caps: readonly Cap[]): Cap[] => caps.map((cap) => ({ ...cap, micros: cap.micros + (raises.get(cap.key) ?? 0) }))

  /** What a call costs at least and at most, and which cap leaves no room for it. */
  function weigh(charge: Charge, price: Price, request: Pick<ModelRequest, 'maxOutputTokens' | 'cache'>, input: number): { fits: true; maxOutputTokens: number; worst: number } | { fits: false; cap: Cap; mayWait: boolean; worst: number } {
    const day = turnOfDay()
    const inputCost = input * inputRate(price, request.cache)
    const least = inputCost + Math.min(request.maxOutputTokens, answerTokensMin) * price.rates.output
    let allowed = inputCost + request.maxOutputTokens * price.rates.output
    let blocking: Cap | undefined
    for (const cap of raised(capsFor(settings(), charge, day))) {
      const { spent, reserved } = tally(cap.key)
      if (spent + least > cap.micros) return { fits: false, cap, mayWait: false, worst: Math.ceil(least) }
      const left = cap.micros - spent - reserved
      if (left < least) blocking ??= cap
      allowed = Math.min(allowed, cap.period === 'turn' ? left : Math.max(least, left * shareOfPeriod))
    }
    if (blocking !== undefined) return { fits: false, cap: blocking, mayWait: true, worst: Math.ceil(least) }
    const affordable = price.rates.output === 0 ? request.maxOutputTokens : Math.floor((allowed - inputCost) / price.rates.output)
    const maxOutputTokens = affordable >= request.maxOutputTokens ? request.maxOutputTokens : Math.min(request.maxOutputTokens, Math.max(answerTokensMin, 2 ** Math.floor(Math.log2(Math.max(1, affordable)))))
    return { fits: true, maxOutputTokens, worst: Math.ceil(inputCost + maxOutputTokens * price.rates.output) }
  }

  const admit = (charge: Charge, provider: Provider, request: ModelRequest): Promise<Admission> =>
    admitAt(charge, provider.id, priceOf(options.known(provider.id, request.model), provider.baseUrl, settings().ceilingPrice), inputTokens(request), request)

  async function setAside(charge: Charge, { kind, provider, model, baseUrl, most, price: known }: Expense, signal: AbortSignal): Promise<SetAside> {
    const usd = known?.usd ?? (isOurs(baseUrl) ? 0 : settings().ceilingPrice[kind])
    // Millionths of a dollar stand where tokens stand, at a millionth each.
    const price: Price = { rates: { input: 1, output: 0, cacheRead: 0, cacheWrite: 0 }, source: usd === 0 ? 'free' : (known?.from ?? 'ceiling') }
    const admission = await admitAt(charge, provider, price, Math.ceil(most * usd * 1_000_000), { model, cache: 'none', maxOutputTokens: 0, signal })
    if (admission.kind === 'refused') throw admission.problem
    return { settle: (amount) => admission.reservation.settle(amount > 0 ? { kind: 'amount', micros: Math.ceil(amount * usd * 1_000_000) } : { kind: 'nothing' }) }
  }

  async function admitAt(charge: Charge, provider: string, price: Price, input: number, request: Pick<ModelRequest, 'model' | 'cache' | 'maxOutputTokens' | 'signal'>): Promise<Admission> {
    const refused = (problem: Problem): Admission => ({ kind: 'refused', problem })
    const deadline = clock.now() + waitMs
    for (;;) {
      if (closed) return refused(new Problem('budget-unwritable', 'The gateway is stopping.'))
      if (price.source === 'free') return { kind: 'admitted', reservation: reserve(charge, price, request, provider, input, 0, request.maxOutputTokens) }
      if (unwritable !== undefined) return refused(new Problem('budget-unwritable', 'What is spent cannot be written down at the moment, so nothing is spent.', { cause: unwritable, next: 'See whether the disk is full, then try again.' }))
      const weighed = weigh(charge, price, request, input)
      if (weighed.fits) return { kind: 'admitted', reservation: reserve(charge, price, request, provider, input, weighed.worst, weighed.maxOutputTokens) }
      const leftMs = deadline - clock.now()
      if (!weighed.mayWait || leftMs <= 0 || request.signal.aborted) {
        if (charge.turn !== '' && settings().whenReached === 'ask-owner') refusals.set(charge.turn, { cap: weighed.cap, worst: weighed.worst })
        return refused(reached(weighed.cap, weighed.worst, charge))
      }
      await roomOrTime(leftMs, request.signal)
    }
  }

  /** Resolves when a call was settled, the time is up or the signal aborts. */
  function roomOrTime(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        waiting.delete(done)
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = clock.after(ms, done)
      waiting.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }

  function reserve(charge: Charge, price: Price, request: Pick<ModelRequest, 'model' | 'cache' | 'maxOutputTokens'>, provider: string, input: number, worst: number, maxOutputTokens: number): Reservation {
    const day = turnOfDay()
    const keys = keysOf(charge, day)
    for (const key of keys) tally(key).reserved += worst
    let settled = false
    const reservation: Reservation = {
      maxOutputTokens,
      settle(how) {
        if (settled) return
        settled = true
        underWay.delete(reservation)
        for (const key of keys) tally(key).reserved -= worst
        // Only an expense leaves no room for an answer; not settled in time, it counts as all that was set aside.
        const micros = how.kind === 'amount' ? how.micros : request.maxOutputTokens === 0 && how.kind === 'assumed' ? worst : undefined
        if (micros !== undefined) keep({ id: newId('sp'), at: clock.now(), day, charge, provider, model: request.model, ...noUsage, costMicros: micros, source: how.kind === 'assumed' ? 'assumed' : price.source }, keys)
        else if (how.kind === 'counted' || how.kind === 'assumed') {
          const usage = how.kind === 'counted' ? plain(how.usage) : { ...(how.input === undefined ? { input, output: 0, cacheRead: 0, cacheWrite: 0 } : plain(how.input)), output: Math.min(maxOutputTokens, Math.ceil(how.output)) }
          // Without a count, what was read may have been written to the cache, which can be dearer.
          const costMicros = how.kind === 'counted' || how.input !== undefined ? costOf(usage, price) : Math.ceil(input * inputRate(price, request.cache) + usage.output * price.rates.output)
          keep({ id: newId('sp'), at: clock.now(), day, charge, provider, model: request.model, ...usage, costMicros, source: how.kind === 'assumed' && price.source !== 'free' ? 'assumed' : price.source }, keys)
        }
        for (const next of [...waiting]) next()
      },
    }
    underWay.add(reservation)
    return reservation
  }

  function keep(row: SpendRow, keys: readonly string[]): void {
    for (const key of keys) tally(key).spent += row.costMicros
    pending.set(row.id, row)
    calendar.saw(row.day)
    forgetTurns()
    sweepLater()
    for (const cap of raised(capsFor(settings(), row.charge, row.day))) notice(cap)
  }

  // ---- asking

  /** The owner's answer about the cap that stopped a turn. Calls that the same cap stopped share one question. */
  async function decide(turn: TurnId, askOwner: AskOwner, signal: AbortSignal): Promise<OwnerAnswer | undefined> {
    const refusal = refusals.get(turn)
    refusals.delete(turn)
    // Something else stopped it, or the cap was changed meanwhile.
    if (refusal === undefined || settings().whenReached !== 'ask-owner') return undefined
    const { key } = refusal.cap
    for (;;) {
      if (signal.aborted) return 'withdrawn'
      if (declined.has(noTo(refusal.cap))) return 'no'
      const running = questions.get(key)
      if (running === undefined) {
        const question = ask(refusal, askOwner, signal).finally(() => questions.delete(key))
        questions.set(key, question)
        return question
      }
      const answer = await Promise.race([running, aborted(signal)])
      if (answer !== 'withdrawn') return answer
    }
  }

  async function ask({ cap, worst }: Refusal, askOwner: AskOwner, signal: AbortSignal): Promise<OwnerAnswer> {
    const { key, period } = cap
    const before = raises.get(key) ?? 0
    const own = settings().raiseBy === undefined ? cap.micros - before : (settings().raiseBy ?? 0) * 1_000_000
    // A yes that does not let the call through would be asked for again at once.
    const micros = Math.max(Math.ceil(own), Math.ceil(Math.max(0, tally(key).spent + worst - cap.micros) / 10_000) * 10_000)
    const name = `${capName(cap)} of ${usd(cap.micros)}`
    const until = period === 'turn' ? 'for this turn' : `until ${calendar.spoken(calendar.startAfter(period))}`
    try {
      return await askOwner({
        summary: `Raise the ${name} by ${usd(micros)}, ${until}`, reason: `the ${name} is reached: ${usd(tally(key).spent)} is spent`, what: `up to ${usd(micros)} more on models`,
        input: { cap: cap.path, period: key, raiseUsd: micros / 1_000_000 },
      }, async (tx, approval, answer) => {
        const added = answer === 'yes' ? micros : 0
        if (!(await ledger.raise(tx, { approval, cap: answer === 'yes' ? key : noTo(cap), micros: added, at: clock.now() }))) return
        tx.afterCommit(() => {
          if (answer === 'no') declined.add(noTo(cap))
          else raises.set(key, (raises.get(key) ?? 0) + added)
          for (const next of [...waiting]) next()
        })
      }, signal)
    } catch (error) {
      log.error('The owner could not be asked about a budget.', { cap: cap.path, error: describeError(error) })
      return 'unanswered'
    }
  }

  /** A no holds for the cap as it was: a changed one may be asked about again. */
  function noTo({ key, micros }: Cap): string {
    return `${key}/${micros - (raises.get(key) ?? 0)}`
  }

  // ---- words

  function capName(cap: Cap): string {
    if (cap.period === 'turn') return 'cap for one turn'
    return `${cap.period === 'day' ? 'daily' : 'monthly'} cap${cap.scope === 'gateway' ? '' : ` of ${cap.scope} ${cap.id}`}`
  }

  function reached(cap: Cap, worst: number, charge: Charge): Problem {
    const { spent, reserved } = tally(cap.key)
    const mayKnow = charge.privy || cap.scope === 'turn' || (cap.scope === 'person' && cap.id === charge.principal)
    const amounts = mayKnow ? `the ${capName(cap)} of ${usd(cap.micros)} leaves no room: ${usd(spent)} is spent${reserved > 0 ? `, ${usd(reserved)} is set aside for calls under way` : ''}, and this call needs up to ${usd(worst)}.` : 'the allowance for now is used up.'
    // A new turn helps only where the call fits into a whole one.
    const again = cap.period === 'turn' ? (worst > cap.micros ? '' : ' Say "go on" and a new turn begins.') : ` It starts afresh ${calendar.spoken(calendar.startAfter(cap.period))}.`
    const next = charge.privy ? `To change it: \`moltbot config set ${cap.path} ${suggestion(cap, worst)}\`` : 'The owner can change it.'
    return new Problem('budget-reached', `${amounts.charAt(0).toUpperCase()}${amounts.slice(1)}${again}`, { next, details: { cap: cap.path, spentUsd: spent / 1_000_000, capUsd: cap.micros / 1_000_000 } })
  }

  function notice(cap: Cap): void {
    const { spent } = tally(cap.key)
    const { noticeAt } = settings()
    // A changed cap is news again.
    const name = `${cap.key}/${cap.micros}`
    if (cap.period === 'turn' || cap.micros === 0 || spent < cap.micros * noticeAt || noticed.has(name)) return
    noticed.add(name)
    const whose = cap.scope === 'gateway' ? '' : ` for ${cap.scope} ${cap.id}`
    const words = `💶 ${usd(spent)} of the ${cap.period === 'day' ? 'daily' : 'monthly'} ${usd(cap.micros)}${whose} is spent. At the cap I ${settings().whenReached === 'ask-owner' ? 'ask you before I spend more' : 'stop spending'} until ${calendar.spoken(calendar.startAfter(cap.period))}. To change it: \`moltbot config set ${cap.path} ${suggestion(cap, 0)}\``
    log.warn('A budget is nearly used up.', { cap: cap.path, spentUsd: spent / 1_000_000, capUsd: cap.micros / 1_000_000 })
    options.notify(words, name)
      .then((told) => (told ? store.transaction((tx) => ledger.noticed(tx, name, clock.now())) : undefined))
      .catch((error: unknown) => {
        noticed.delete(name)
        log.error('The owner could not be told of a budget.', { error: describeError(error) })
      })
  }

  // ---- writing

  async function put(tx: Tx, rows: readonly SpendRow[]): Promise<void> {
    for (const row of rows) await ledger.put(tx, row)
    tx.afterCommit(() => rows.forEach((row) => pending.delete(row.id)))
  }

  function sweepLater(): void {
    if (closed) return
    cancelSweep ??= clock.after(sweepMs, () => {
      cancelSweep = undefined
      void sweep().finally(() => { if (pending.size > 0) sweepLater() })
    })
  }

  async function sweep(): Promise<void> {
    const rows = [...pending.values()]
    if (rows.length === 0) return
    try {
      await store.transaction((tx) => put(tx, rows))
      unwritable = undefined
    } catch (error) {
      unwritable = error
      log.error('What was spent could not be written down.', { calls: rows.length, error: describeError(error) })
    }
  }

  const door: BudgetDoor = {
    today: calendar.today,
    caps(of) {
      const day = turnOfDay()
      const list = raised(of === undefined ? everyCap(settings(), day, [...tallies.keys()]) : capsFor(settings(), of, day).filter(({ period }) => period !== 'turn'))
      return list.map((cap) => stateOf(cap, tallies.get(cap.key), cap.period === 'turn' ? null : calendar.startAfter(cap.period)))
        .sort((a, b) => used(b) - used(a))
    },
    async days(days, principal) {
      await sweep()
      const list = calendar.last(days)
      const found = await ledger.days(list[0] ?? '', principal)
      return list.map((date) => ({ date, ...(found.get(date) ?? noTokens) }))
    },
    async by(kind: SpendKind, days) {
      await sweep()
      return ledger.by(kind, calendar.last(days)[0] ?? '')
    },
    async daily(kind, days, most) {
      await sweep()
      const from = calendar.last(days)[0] ?? ''
      const names = (await ledger.by(kind, from)).slice(0, most).map(({ name }) => name)
      return { names, rows: names.length === 0 ? [] : await ledger.daily(kind, from, names) }
    },
    turnUsd: (turn) => (tallies.get(`turn:${turn}:`)?.spent ?? 0) / 1_000_000,
    async ofTurn(turn) {
      await sweep()
      return ledger.ofTurn(turn)
    },
  }

  return {
    door,
    setAside,
    meter: (formats) => formats.map((format) => meterFormat(format, { clock, admit, tokensPerSecondMax })),
    callModel(ask) {
      const orOther = takeOver(ask, () => settings().whenReached)
      return (call, askOwner) => {
        const turn = call.charge?.turn
        return askOwner === undefined || turn === undefined || settings().whenReached !== 'ask-owner' ? orOther(call) : askFirst(orOther, call, () => decide(turn, askOwner, call.signal))
      }
    },
    async write(tx, turn) {
      if (pending.size > 0) await put(tx, [...pending.values()].filter((row) => row.charge.turn === turn))
    },
    async open(unfinished) {
      calendar.saw(await ledger.latestDay())
      const day = turnOfDay()
      for (const row of await ledger.since(`${day.slice(0, 7)}-01`)) {
        for (const key of keysOf({ principal: row.principal as Charge['principal'], agent: row.agent as Charge['agent'], channel: row.channel as Charge['channel'], turn: '' as TurnId }, row.day)) tally(key).spent += row.costMicros
      }
      for (const name of await ledger.notices()) noticed.add(name)
      for (const { cap, micros } of await ledger.raises()) {
        if (micros === 0) declined.add(cap)
        else raises.set(cap, (raises.get(cap) ?? 0) + micros)
      }
      const open = await unfinished()
      for (const { charge } of open) tally(`turn:${charge.turn}:`).spent = await ledger.costOfTurn(charge.turn)
      const before = await ledger.state(store.read, 'running')
      // A gateway that stopped in order has settled all its calls.
      if (before !== undefined && before !== 'no') for (const call of open) assume(call, Number(before))
      await store.transaction(async (tx) => {
        await put(tx, [...pending.values()])
        await ledger.saveState(tx, 'running', String(clock.now()))
        await ledger.forget(tx, calendar.dayAt(clock.now() - daysKept * 86_400_000))
        await ledger.forgetRaises(tx, clock.now() - raisesKeptMs)
      })
    },
    async close() {
      closed = true
      cancelSweep?.()
      for (const next of [...waiting]) next()
      for (const reservation of [...underWay]) reservation.settle({ kind: 'assumed', output: reservation.maxOutputTokens })
      await store.transaction(async (tx) => {
        await put(tx, [...pending.values()])
        await ledger.saveState(tx, 'running', 'no')
      }).catch((error: unknown) => log.error('What was spent last could not be written down.', { error: describeError(error) }))
    },
  }

  /** Charges one call that may have run when a gateway died: all it was sent, and all it can have written since. */
  function assume(call: Unfinished, gatewaySince: number): void {
    const parts = splitRef(call.model)
    const price = priceOf(options.known(parts.provider, parts.model), call.baseUrl, settings().ceilingPrice)
    if (price.source === 'free') return
    const request = { model: parts.model, cache: 'short' as const, maxOutputTokens: call.maxOutputTokens }
    const weighed = weigh(call.charge, price, request, call.inputTokens)
    const max = weighed.fits ? weighed.maxOutputTokens : Math.min(call.maxOutputTokens, answerTokensMin)
    const seconds = Math.max(1, (clock.now() - Math.max(call.since, gatewaySince)) / 1_000)
    reserve(call.charge, price, request, parts.provider, call.inputTokens, weighed.worst, max).settle({ kind: 'assumed', output: Math.min(max, seconds * tokensPerSecondMax) })
  }
}

function aborted(signal: AbortSignal): Promise<'withdrawn'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('withdrawn')
    else signal.addEventListener('abort', () => resolve('withdrawn'), { once: true })
  })
}

const noTokens: Tokens = { calls: 0, input: 0, output: 0, cacheRead: 0, cacheWrite: 0, costUsd: 0, unpriced: 0 }

/** Counts as a provider gives them may be anything. */
function plain(usage: Usage): Usage {
  const count = (value: number): number => (Number.isFinite(value) && value > 0 ? Math.ceil(Math.min(value, 1e9)) : 0)
  return { input: count(usage.input), output: count(usage.output), cacheRead: count(usage.cacheRead), cacheWrite: count(usage.cacheWrite) }
}

function splitRef(ref: string): { provider: string; model: string } {
  const at = ref.indexOf('/')
  return at < 0 ? { provider: ref, model: '' } : { provider: ref.slice(0, at), model: ref.slice(at + 1) }
}

function used({ capUsd, spentUsd }: { capUsd: number; spentUsd: number }): number {
  return capUsd === 0 ? 1 : spentUsd / capUsd
}

/** `$0.42`; amounts below a cent with what makes them more than nothing. */
function usd(micros: number): string {
  const amount = micros / 1_000_000
  return `$${amount === 0 || amount >= 0.01 ? amount.toFixed(2) : amount.toPrecision(1)}`
}

/** A cap that would leave room, as an example: twice this one, or what one call needs. */
function suggestion(cap: Cap, worst: number): string {
  const amount = Math.max(cap.micros * 2, worst * 2) / 1_000_000
  return String(amount >= 1 ? Math.ceil(amount) : Number(amount.toPrecision(1)))
}
