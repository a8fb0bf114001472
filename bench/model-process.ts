/** The scripted model server as a process of its own: repeats what was said, at once; asked to read a file, it calls the tool first. Speaks with the bench over the process channel. */
import { callTool, echoModel, startModelServer } from '../test/fakes/model-servers/index.ts'

const echo = echoModel('echo: ')
const server = await startModelServer((request) => {
  const last = request.messages.at(-1)
  const path = last?.role === 'user' ? /please read (\S+) and/.exec(last.text)?.[1] : undefined
  return path === undefined ? echo(request) : [callTool('read', { path })]
})
process.on('message', (question) => {
  if (question === 'last') process.send?.({ last: server.requests.at(-1)?.raw ?? '' })
  // What was asked is only needed until the next question; thousands of whole prompts would fill the memory.
  server.requests.splice(0)
})
process.on('disconnect', () => process.exit(0))
process.send?.({ baseUrl: server.baseUrl('openai-completions') })
