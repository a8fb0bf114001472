import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { ExecApprovalsFile, execApprovalsChanges, ExecApprovalsSnapshot, execApprovalsSnapshot } from '../wire/exec-approvals-file.ts'
import { closed } from '../wire/params.ts'

export const execApprovalsSet = defineMethod({
  name: 'exec.approvals.set',
  scope: 'operator.admin',
  fresh: true,
  summary: 'Writes the family\'s file of approvals into the configuration, whole; what is not in it is taken back. Refuses what would not be kept to.',
  params: closed({ file: ExecApprovalsFile, baseHash: Type.Optional(Type.String()) }),
  result: ExecApprovalsSnapshot,
  async handle({ file, baseHash }, rooms) {
    const { exists } = rooms.config.snapshot()
    if (exists && (baseHash === undefined || baseHash === '')) throw new Problem('exec-approvals-hash', 'exec approvals base hash required; re-run exec.approvals.get and retry')
    try {
      await rooms.config.patch(execApprovalsChanges(file, rooms), exists ? baseHash : undefined)
    } catch (cause) {
      if (cause instanceof Problem && cause.code === 'config-changed') throw new Problem('exec-approvals-changed', 'exec approvals changed since last load; re-run exec.approvals.get and retry', { cause })
      throw cause
    }
    return execApprovalsSnapshot(rooms)
  },
})
