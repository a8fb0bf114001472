import { describe, expect, it } from 'vitest'
import { ConnectProblem } from '../channel.ts'
import { createTestHost } from './channel-host.ts'
import { failure, hostOf, never, words, type ChannelKit } from './channel-kit.ts'
import { fastClock } from './fast-clock.ts'

/** What a connection says of itself while it lives, and how it ends. */
export function lifetimeCases(kit: ChannelKit): void {
  const { channel, begin, line, hear, chatWithAnna } = kit

  describe(`${channel.id}: how it is`, () => {
    it('says connected, after a round trip', async () => {
      const { host } = await line()
      await host.until(() => host.reports.at(-1)?.kind === 'connected', 'the report')
    })

    it('never says connected while nobody can be reached', async (context) => {
      const { network, attempt } = await begin()
      kit.needs(context, network.faults.offline, 'network to lose')
      await network.faults.offline()
      const host = hostOf(network)
      const error = await failure(attempt(host))
      expect(host.reports.map((report) => report.kind)).not.toContain('connected')
      if (error !== undefined) expect(error instanceof ConnectProblem && error.permanent).toBe(false)
      await network.faults.online?.()
    })

    it('notices a broken line, says so, and comes back by itself', async (context) => {
      const { network, connect } = await begin()
      kit.needs(context, network.faults.offline, 'network to lose')
      const at = await connect({ clock: fastClock(10) })
      await hear(at, { from: 'anna', text: 'before' })
      await network.faults.offline()
      await at.host.until(() => at.host.reports.at(-1)?.kind === 'retrying', 'the report of the loss')
      await network.faults.online?.()
      await hear(at, { from: 'anna', text: 'after' })
      await at.host.until(() => at.host.reports.at(-1)?.kind === 'connected', 'the report of the return')
    })

    it('survives lines that break again and again', async (context) => {
      const { network, connect } = await begin()
      kit.needs(context, network.faults.cut, 'line that could break')
      const at = await connect({ clock: fastClock(10) })
      // Each pause is longer than the one before: more rounds would mostly wait.
      for (let round = 0; round < 3; round++) {
        network.faults.cut()
        await hear(at, { from: 'anna', text: `round ${round}` })
      }
      expect(at.host.taken.length).toBe(3)
    })

    it('notices that a line is open but deaf, and opens another', async (context) => {
      const { network, connect } = await begin()
      kit.needs(context, network.faults.deafen, 'line that could go deaf')
      const at = await connect({ clock: fastClock(network.speed ?? 40) })
      await hear(at, { from: 'anna', text: 'before' })
      network.faults.deafen(true)
      await network.say({ from: 'anna', text: 'can you hear me?' })
      await at.host.until(() => at.host.reports.at(-1)?.kind === 'retrying', 'the report of the silence')
      network.faults.deafen(false)
      await at.host.until(() => at.host.taken.some((message) => message.text === 'can you hear me?'), 'the message')
      await at.host.until(() => at.host.reports.at(-1)?.kind === 'connected', 'the report of the return')
    })

    it('asks a person for help, with the one thing to do, when the login is refused', async (context) => {
      const { network, connect, attempt } = await begin()
      kit.needs(context, network.faults.revoke, 'login')
      const at = await connect({ clock: fastClock(10) })
      network.faults.revoke()
      await at.host.until(() => at.host.reports.at(-1)?.kind === 'needs-you', 'the call for help')
      expect(at.host.reports.at(-1)).toMatchObject({ action: expect.stringMatching(/\w+ \w+/) as string })
      const error = await failure(attempt(hostOf(network)))
      expect(error).toBeInstanceOf(ConnectProblem)
      expect(error).toMatchObject({ permanent: true, next: expect.stringMatching(/\w+ \w+/) as string })
    })

    it('asks for the credential it lacks', async (context) => {
      const { network, attempt } = await begin()
      kit.needs(context, network.secrets ?? network.sealed, 'login')
      const error = await failure(attempt(createTestHost()))
      expect(error).toBeInstanceOf(ConnectProblem)
      expect((error as ConnectProblem).permanent).toBe(true)
    })

    it('never writes a credential into a log, a report or an error', async (context) => {
      const { network, connect, attempt } = await begin()
      kit.needs(context, network.secrets, 'login')
      const at = await connect({ clock: fastClock(10) })
      const chat = await chatWithAnna(at)
      await network.faults.offline?.()
      const errors = [await failure(at.connection.send(chat, words('x'), never)), await failure(attempt(createTestHost({ secrets: network.secrets })))]
      await network.faults.online?.()
      const flatten = (error: unknown, depth = 0): string => (error instanceof Error && depth < 6 ? `${error.message} ${JSON.stringify(error)} ${flatten(error.cause, depth + 1)}` : String(error))
      const said = JSON.stringify([at.host.log.lines, at.host.reports]) + errors.map((error) => flatten(error)).join(' ')
      for (const secret of Object.values(network.secrets)) expect(said).not.toContain(secret)
    })
  })

  describe(`${channel.id}: the end`, () => {
    it('comes within five seconds, and a second time is harmless', async () => {
      const { connection, host } = await line()
      // What a busy machine takes from the process is no wait of the connection's.
      const clock = fastClock(1)
      const began = clock.now()
      await connection.close()
      expect(clock.now() - began).toBeLessThan(5_000)
      await connection.close()
      expect(host.reports.at(-1)?.kind).toBe('closed')
    })

    it('waits for what is being handed over', async () => {
      const at = await line()
      const release = at.host.hold()
      const saying = at.network.say({ from: 'anna', text: 'almost there' })
      await at.host.until(() => at.host.calls.length === 1, 'the hand-over')
      let closed = false
      const closing = at.connection.close().then(() => (closed = true))
      await new Promise((resolve) => setImmediate(resolve))
      expect(closed).toBe(false)
      release()
      await Promise.all([closing, saying.catch(() => undefined)])
      expect(at.host.taken.length).toBe(1)
    })

    it('does not wait for ever for a hand-over that hangs', async () => {
      const at = await line({ clock: fastClock(20) })
      const release = at.host.hold()
      const saying = at.network.say({ from: 'anna', text: 'stuck' })
      await at.host.until(() => at.host.calls.length === 1, 'the hand-over')
      await at.connection.close()
      release()
      await saying.catch(() => undefined)
    })

    it('is the end: nothing is handed over after it, and nothing is lost', async () => {
      const { network, connect } = await begin()
      const before = await connect()
      await hear(before, { from: 'anna', text: 'before' })
      await before.connection.close()
      const saying = network.say({ from: 'anna', text: 'too late' })
      const after = await connect({ memory: before.host.memory })
      await saying
      await after.host.until(() => after.host.taken.some((message) => message.text === 'too late'), 'the message')
      expect(before.host.calls.map((call) => call.message.text)).toEqual(['before'])
    })

    it('makes a later send fail as certainly not sent', async () => {
      const at = await line()
      const chat = await chatWithAnna(at)
      await at.connection.close()
      expect(await failure(at.connection.send(chat, words('after the end'), never))).toMatchObject({ outcome: 'not-sent' })
      expect(at.network.sent()).toEqual([])
    })

    it('can be followed by a new beginning', async () => {
      const { connect } = await begin()
      const first = await connect()
      await first.connection.close()
      await hear(await connect(), { from: 'anna', text: 'again' })
    })
  })
}
