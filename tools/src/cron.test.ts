import { ownJobs, Problem, type JobKeeper, type JobLine } from '@moltbot/contract'
import { testTool } from '@moltbot/contract/testing'
import { expect, it } from 'vitest'
import { cron } from './cron.ts'

const cake: JobLine = { id: 'job-1', name: 'Cake', text: 'Remind of the cake.', when: 'once, Tue 2026-11-24 08:00 (UTC)', next: 'Tue 2026-11-24 08:00 (UTC)', enabled: true, last: null }
function keeper(): JobKeeper & { asked: unknown[] } {
  const asked: unknown[] = []
  const only = (id: string): JobLine => {
    if (id !== cake.id) throw new Problem('job-unknown', 'There is no such job.')
    return cake
  }
  return {
    asked, list: async () => [cake, { ...cake, id: 'job-2', enabled: false, next: null, last: 'Mon: failed: no\nline' }],
    add: async (job) => { asked.push(job); return cake }, update: async (id, changes) => { asked.push([id, changes]); return only(id) },
    remove: async (id) => void only(id), run: async (id) => only(id) === cake, runs: async () => [{ job: 'job-1', name: 'Cake', at: 'Mon', state: 'done', words: 'The cake!' }],
  }
}
const at = async (input: Parameters<typeof cron.run>[0], jobs = keeper()): Promise<string> => {
  const { content: [part] } = await cron.run(input, { jobs }, new AbortController().signal)
  return part?.type === 'text' ? part.text : ''
}

testTool(cron, {
  examples: [{ action: 'list' }, { action: 'runs' }, { action: 'add', text: 'Remind of the cake.', at: '20m', name: 'Cake' }, { action: 'update', id: 'job-1', every: '2h', enabled: false }, { action: 'remove', id: 'job-1' }, { action: 'run', id: 'job-1' }],
  grants: () => ({ jobs: keeper() }),
  refused: [{ action: 'forever' }, {}, { action: 'add', text: '' }],
})

it('sets up, changes and shows jobs', async () => {
  const jobs = keeper()
  expect(await at({ action: 'add', text: 'Remind of the cake.', at: '20m' }, jobs)).toBe('Set up. job-1 Cake: once, Tue 2026-11-24 08:00 (UTC), next Tue 2026-11-24 08:00 (UTC); does "Remind of the cake."')
  await at({ action: 'update', id: 'job-1', every: '2h' }, jobs)
  expect(jobs.asked).toEqual([{ text: 'Remind of the cake.', at: '20m' }, ['job-1', { every: '2h' }]])
  expect((await at({ action: 'list' })).split('\n')).toEqual([expect.stringContaining('job-1 Cake'), expect.stringContaining('job-2 Cake: once, Tue 2026-11-24 08:00 (UTC), off; last Mon: failed: no')])
  expect(await at({ action: 'runs' })).toBe('Mon Cake (job-1): done: "The cake!"')
  await expect(at({ action: 'run', id: 'job-9' })).rejects.toMatchObject({ code: 'job-unknown' })
})

it('looking is no change, everything else changes what is the person’s own', () => {
  expect(cron.effects({ action: 'runs' })).toEqual([{ kind: 'reads-private', what: ownJobs }])
  for (const action of ['add', 'update', 'remove', 'run'] as const) expect(cron.effects({ action })).toEqual([{ kind: 'changes-gateway', what: ownJobs }])
})
