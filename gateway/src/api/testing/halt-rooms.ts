import { Problem } from '@moltbot/contract'
import type { HaltActor, HaltDoor, HaltState } from '../../foundation/halt/types.ts'
import { fakeRooms, type FakeRooms } from './fake-rooms.ts'

/** Rooms with a halt made by hand, whose code is `right` and whose new authenticator's first one is `first`; `asked` keeps who did what. */
export async function haltRooms(): Promise<FakeRooms & { halt: HaltDoor; asked: { what: string; by: HaltActor }[] }> {
  const asked: { what: string; by: HaltActor }[] = []
  let state: HaltState = { kind: 'running' }
  let shown = false
  const prove = (code: string | undefined): void => {
    if (code !== 'right') throw new Problem('halt-code-wrong', 'That code is not right.')
  }
  const halt: HaltDoor = {
    state: () => state,
    async pause(by) {
      asked.push({ what: 'pause', by })
      state = { kind: 'paused', since: 7, by: by.principal, via: by.via }
      return state
    },
    async panic(by) {
      asked.push({ what: 'panic', by })
      state = { kind: 'panic', since: 7, by: by.principal, via: by.via, incident: '/i', done: true }
      return { incident: '/i', again: false, turns: 1, commands: 0, waiting: 0, browsers: 0, devices: 0, grants: 0, approvals: 0, files: ['README.md'], faults: [], tookMs: 1.5 }
    },
    async resume(by, { code }) {
      const was = state.kind
      if (was === 'panic') prove(code)
      asked.push({ what: 'resume', by })
      state = { kind: 'running' }
      return { was, forgotten: 0 }
    },
    challenge: async () => ({ factor: 'local', file: '/state/resume-code' }),
    factor: () => 'local',
    async enroll(_by, code, how) {
      prove(code)
      shown = how?.confirm === true
      return { uri: 'otpauth://totp/x', secret: 'S', recovery: 'R' }
    },
    async confirm(_by, code) {
      if (!shown) throw new Problem('halt-enroll-over', 'Nothing was shown.')
      if (code !== 'first') throw new Problem('halt-code-wrong', 'That code is not right.')
    },
    async unenroll(_by, code) { prove(code) },
  }
  return Object.assign(await fakeRooms(), { halt, asked })
}
