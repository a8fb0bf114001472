/** A process that holds a room of commands and does what it is told, a line of JSON each; for `runnerAs`. */
import { createInterface } from 'node:readline'
import type { CommandRequest } from '@moltbot/contract'
import { roomAt, subject } from './sandbox-runner.ts'

const [, , workspace = '', sandbox = '{}'] = process.argv
const room = roomAt(workspace, { sandbox: JSON.parse(sandbox) as never })
const grant = room.grant(subject)

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, request, probe } = JSON.parse(line) as { id: number; request?: CommandRequest; probe?: boolean }
  const work = probe === true ? room.probe() : grant.run(request as CommandRequest, new AbortController().signal)
  work.then((value: unknown) => ({ id, value }), (error: unknown) => ({ id, error: String(error) })).then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`), () => process.exit(1))
})
