import { connect } from 'node:net'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { mainAgent, ownerPrincipal, type Effect, type SessionKey } from '@moltbot/contract'
import type { CDPSession, Worker } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createAuthority, type Authority } from '../../gateway/src/foundation/egress/testing/certificates.ts'
import { createPushService, type PushService } from '../../test/fakes/push-service/index.ts'
import { noBrowser } from '../testing/browser.ts'
import { furnishPage, type Furnished } from '../testing/real-gateway.ts'

const name = noBrowser ? 'what is pushed (left out: no Chromium on this machine)' : 'what is pushed'
const chat = 'agent:main:dashboard:push' as SessionKey

/** From the gateway through a push service to a notification in a real browser, and back. Left out by name where there is no Chromium. */
describe.skipIf(noBrowser)(name, () => {
  let home: Furnished
  let authority: Authority
  let server: Server
  let service: PushService
  let tools: CDPSession
  let registrationId: string
  let delivered = 0

  beforeAll(async () => {
    authority = createAuthority()
    service = createPushService('push.example')
    server = createServer(authority.issue(['push.example']), service.handler)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    home = await furnishPage({ network: { resolve: async () => ['93.184.216.34'], open: () => connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }), ca: authority.ca } })
    await home.page.waitForFunction(() => navigator.serviceWorker.controller !== null)
    await home.page.context().grantPermissions(['notifications'])
    tools = await home.page.context().newCDPSession(home.page)
    const registered = new Promise<string>((resolve) => {
      tools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        if (registrations[0] !== undefined) resolve(registrations[0].registrationId)
      })
    })
    await tools.send('ServiceWorker.enable')
    registrationId = await registered
    const { push } = home.gateway.gateway.rooms
    await push?.subscribe(ownerPrincipal, service.browser('/send/phone', await push.publicKey()))
  })
  afterAll(async () => {
    await home?.close()
    server?.close()
    authority?.remove()
  })
  beforeEach(async ({ task }) => {
    await home.begun(task)
    // What a first try did not wait for is none of the second one's.
    if ((task.result?.retryCount ?? 0) > 0) delivered = service.taken.length
    await home.gateway.gateway.rooms.push?.prefer(ownerPrincipal, { showText: true })
    await inWorker(async () => {
      for (const note of await (globalThis as unknown as Scope).registration.getNotifications()) note.close()
    })
  })

  interface Scope { registration: ServiceWorkerRegistration; clients: { matchAll(options: object): Promise<{ url: string }[]> }; shown?: number }
  interface Note { title: string; body: string; place: string; question?: string; actions: string[] }

  function inWorker<Result>(work: () => Promise<Result>): Promise<Result> {
    const worker: Worker | undefined = home.page.context().serviceWorkers()[0]
    if (worker === undefined) throw new Error('there is no worker')
    return worker.evaluate(work)
  }
  /** How many notifications the worker has shown, with all that comes of showing one. */
  const notesShown = (): Promise<number> => inWorker(async () => {
    const scope = globalThis as unknown as Scope
    if (scope.shown === undefined) {
      scope.shown = 0
      const show = scope.registration.showNotification.bind(scope.registration)
      scope.registration.showNotification = async (...given) => {
        await show(...given)
        scope.shown = (scope.shown ?? 0) + 1
      }
    }
    return scope.shown
  })
  const notes = (): Promise<Note[]> => inWorker(async () => (await (globalThis as unknown as Scope).registration.getNotifications()).map((note) => ({
    title: note.title, body: note.body, ...(note.data as { place: string; question?: string }), actions: (note as unknown as { actions: { title: string }[] }).actions.map(({ title }) => title),
  })))

  /** Brings to the browser what its push service got for it next, as the browser's maker does. What the gateway says of its own accord meanwhile is left out. */
  async function bring(kind: 'alert' | 'reply' | 'approval' = 'approval'): Promise<Record<string, unknown>> {
    const { message } = await service.message(delivered)
    delivered += 1
    if (message['kind'] !== kind) return bring(kind)
    // Who asks Chromium for all notifications while it is about to show one takes that one away.
    const before = await notesShown()
    await tools.send('ServiceWorker.deliverPushMessage', { origin: new URL(home.url).origin, registrationId, data: JSON.stringify(message) })
    await expect.poll(notesShown).toBeGreaterThan(before)
    return message
  }
  const shown = async (title: string): Promise<Note> => {
    let found: Note | undefined
    await vi.waitFor(async () => {
      const all = await notes()
      found = all.find((note) => note.title === title)
      expect(found, `${title} among: ${JSON.stringify(all)}`).toBeDefined()
    }, { timeout: 60_000, interval: 50 })
    return found as Note
  }

  /** Taps a notification, or one of its buttons, as the browser would tell it; resolves when the worker is done with it. */
  async function tap(title: string, action = ''): Promise<void> {
    const worker = home.page.context().serviceWorkers()[0]
    await worker?.evaluate(async ([wanted, button]) => {
      const { registration } = globalThis as unknown as Scope
      const notification = (await registration.getNotifications()).find((note) => note.title === wanted)
      const TapEvent = (globalThis as unknown as { NotificationEvent: new (type: string, init: object) => Event }).NotificationEvent
      const event = new TapEvent('notificationclick', { notification, action: button })
      let work: Promise<unknown> = Promise.resolve()
      // Only a browser's own events may be extended; this one is waited for here.
      Object.defineProperty(event, 'waitUntil', { value: (given: Promise<unknown>) => { work = given } })
      dispatchEvent(event)
      await work
    }, [title, action] as const)
  }

  const ask = (effects: Effect[], summary: string, session: SessionKey | null = null) => home.gateway.gateway.rooms.guard.request({
    tool: 'work', input: { summary, at: delivered }, effects, agent: mainAgent, session, turn: null, principal: { id: ownerPrincipal, role: 'owner' }, summary, reason: 'a test asks',
  })
  const stateOf = async (id: string): Promise<unknown> => {
    const approval = await home.gateway.gateway.rooms.guard.approval(id)
    return [approval?.state, approval?.decision, approval?.decidedVia]
  }
  const question = 'Your assistant asks for a yes'
  const inWorkspace: Effect[] = [{ kind: 'writes-workspace', path: 'list.md' }]
  const command: Effect[] = [{ kind: 'runs-code', what: 'rm -r old' }]

  it('a trouble, an answer and a question come as notifications, each leading to its place', async () => {
    await home.gateway.gateway.rooms.push?.send(ownerPrincipal, { kind: 'alert', body: 'Telegram: the token was refused.' })
    await bring('alert')
    expect(await shown('Your assistant needs you')).toEqual({ title: 'Your assistant needs you', body: 'Telegram: the token was refused.', place: './#/home', actions: [] })

    // Whoever looks at the page is not told of an answer; this window looks at something else.
    await home.page.goto('about:blank')
    const client = await home.gateway.connect()
    const said = await client.ask('hello', chat)
    const reply = await bring('reply')
    expect(reply).toMatchObject({ kind: 'reply', session: chat, body: said.slice(0, 300) })
    expect(await shown('Your assistant has answered')).toMatchObject({ body: said.slice(0, 300), place: './#agent%3Amain%3Adashboard%3Apush', actions: [] })

    await home.page.goto(`${home.url}#/home`)
    await home.page.getByRole('heading', { level: 1, name: 'Home' }).waitFor()
    const { id } = await ask(command, 'Run: rm -r old', chat)
    await bring()
    expect(await shown(question)).toEqual({ title: question, body: 'Run: rm -r old', place: './#agent%3Amain%3Adashboard%3Apush', question: id, actions: ['Look at it', 'Deny'] })
    await tap(question)
    await home.page.waitForFunction((key) => decodeURIComponent(location.hash) === `#${key}`, chat)
    await home.page.getByRole('region', { name: 'May it do this?' }).getByText('Run: rm -r old').first().waitFor()
    expect(await stateOf(id), 'looking decides nothing').toEqual(['pending', null, null])
  })

  it('a yes and a no from the notification count for this one question', async () => {
    const [other, yes] = [await ask(inWorkspace, 'Write other.md'), await ask(inWorkspace, 'Write list.md')]
    await bring()
    await bring()
    await vi.waitFor(async () => expect((await notes()).length).toBe(2), { timeout: 60_000 })
    for (const note of await notes()) expect(note.actions).toEqual(['Allow once', 'Deny'])
    // The first of the two is found by its title.
    const [first] = await notes()
    await tap(question, 'allow')
    expect(await stateOf(first?.question ?? '')).toEqual(['allowed', 'allow-once', 'notification'])
    const rest = first?.question === yes.id ? other : yes
    expect(await stateOf(rest.id)).toEqual(['pending', null, null])
    expect(await shown('Allowed, once.')).toMatchObject({ actions: [] })
    await tap(question, 'deny')
    expect(await stateOf(rest.id)).toEqual(['denied', 'deny', 'notification'])
    await shown('Denied.')
  })

  it('what cannot be taken back is not allowed there, whatever a notification holds, unless the owner set otherwise', async () => {
    const { id } = await ask(command, 'Run: rm -r old')
    const message = await bring()
    expect((await shown(question)).actions).toEqual(['Look at it', 'Deny'])
    // A tap that no button of it could make.
    await tap(question, 'allow')
    expect(await shown('Your answer did not count')).toMatchObject({ body: expect.stringContaining('This is not allowed from a notification.'), place: './#/approvals', actions: [] })
    expect(await stateOf(id)).toEqual(['pending', null, null])
    expect(message['question']).toEqual({ id, allow: false })

    const client = await home.gateway.connect()
    const { hash } = await client.request('config.get')
    await client.request('config.patch', { raw: JSON.stringify({ gateway: { controlUi: { notificationAnswers: 'all' } } }), baseHash: hash })
    const again = await ask(command, 'Run: rm -r older')
    await bring()
    expect((await shown(question)).actions).toEqual(['Allow once', 'Deny'])
    await tap(question, 'allow')
    expect(await stateOf(again.id)).toEqual(['allowed', 'allow-once', 'notification'])
  })

  it('without words there is no yes; and a question that is over says so', async () => {
    await home.gateway.gateway.rooms.push?.prefer(ownerPrincipal, { showText: false })
    const { id } = await ask(inWorkspace, 'Write secret.md')
    expect(JSON.stringify(await bring())).not.toContain('secret')
    expect(await shown(question)).toMatchObject({ body: 'Open the page to see it.', actions: ['Look at it', 'Deny'] })
    await home.gateway.gateway.rooms.guard.decide(id, 'allow-once', { principal: { id: ownerPrincipal, role: 'owner' }, via: 'web' })
    await tap(question, 'deny')
    expect(await shown('Your answer did not count')).toMatchObject({ body: expect.stringContaining('allowed already') })
  })

  it('signed out, nothing is answered: the page is where one signs in', async () => {
    const { id } = await ask(inWorkspace, 'Write late.md')
    await bring()
    await shown(question)
    await home.page.goto('about:blank')
    await expect.poll(() => inWorker(async () => (await (globalThis as unknown as Scope).clients.matchAll({ type: 'window', includeUncontrolled: true })).filter(({ url }) => url.startsWith('http')).length)).toBe(0)
    await home.page.context().clearCookies()
    await tap(question, 'allow')
    expect(await shown('Your answer did not count')).toMatchObject({ body: 'Open the page and sign in to answer.', place: './#/approvals' })
    expect(await stateOf(id)).toEqual(['pending', null, null])
  })
})
