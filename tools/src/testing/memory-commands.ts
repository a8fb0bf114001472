import { Problem, type CommandFacts, type CommandReport, type CommandRequest, type Commands } from '@moltbot/contract'

export interface MemoryCommands {
  grant: Commands
  /** What was asked to run. */
  asked: CommandRequest[]
  /** What was typed into which. */
  written: { id: string; text: string; end: boolean }[]
}

/** Commands that are told their ending: every `run` reports `report`, and `cmd-1` goes on until it is killed. */
export function memoryCommands(report: Partial<CommandReport> = {}): MemoryCommands {
  const asked: CommandRequest[] = []
  const written: MemoryCommands['written'] = []
  let state: CommandFacts['state'] = { kind: 'running' }
  const facts = (): CommandFacts => ({ id: 'cmd-1', command: 'sleep 60', cwd: '.', startedAt: 0, endedAt: state.kind === 'running' ? null : 1_200, state, said: 12, network: false })
  const known = (id: string): void => {
    if (id !== 'cmd-1') throw new Problem('command-unknown', `There is no command ${id}.`)
  }
  return {
    asked, written,
    grant: {
      async run(request) {
        asked.push(request)
        return { ...facts(), state: { kind: 'exited', code: 0 }, endedAt: 1_200, output: 'hello\n', putAside: [], ...report }
      },
      list: async () => [facts()],
      async poll(id) {
        known(id)
        return { ...facts(), output: 'more\n', putAside: [], ...report }
      },
      async log(id) {
        known(id)
        return { text: 'all\u001b[31m of it', from: 0, to: 12, said: 12 }
      },
      async write(id, text, end) {
        known(id)
        written.push({ id, text, end })
      },
      async kill(id) {
        known(id)
        state = { kind: 'ended', by: 'kill', why: 'it was killed' }
        return facts()
      },
    },
  }
}
