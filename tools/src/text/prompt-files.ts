import type { Effect } from '@moltbot/contract'

/** Files that every later prompt is made of: writing them changes how the assistant behaves from then on. */
const promptFiles: readonly string[] = ['agents.md', 'soul.md', 'tools.md', 'identity.md', 'user.md', 'heartbeat.md', 'bootstrap.md', 'boot.md', 'memory.md']
const promptFolders: readonly string[] = ['memory']

/** What writing this path does: to the workspace, and where it is a file of the prompt or of memory, to the assistant itself. */
export function writingEffects(path: string): Effect[] {
  const plain = path.normalize('NFKC').toLowerCase().replace(/^(?:\.\/)+/, '')
  const [first = '', ...rest] = plain.split('/')
  const changesItself = rest.length === 0 ? promptFiles.includes(first) : promptFolders.includes(first)
  return [{ kind: 'writes-workspace', path }, ...(changesItself ? [{ kind: 'changes-gateway', what: `the assistant's own file ${path}` } as const] : [])]
}
