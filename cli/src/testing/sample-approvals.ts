/** One open question, as `exec.approval.list` answers. */
export const sampleApproval = {
  id: 'approval_1', code: 'K7QM', tool: 'run', request: { command: 'Run ls\u001b[2J -l', cwd: null, sessionKey: 'agent:main:main' }, createdAtMs: 1, expiresAtMs: 4_000_000_000_000, detail: 'command: ls -l⏎\nworkdir: x',
  reason: 'it would run a command', always: 'exactly the command “ls -l”', principal: 'owner', state: 'pending', decidedBy: null, decidedVia: null, decidedAtMs: null,
}
