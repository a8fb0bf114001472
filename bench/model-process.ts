/** The scripted model server as a process of its own: repeats what was said, at once. Speaks with the bench over the process channel. */
import { echoModel, startModelServer } from '../test/fakes/model-servers/index.ts'

const server = await startModelServer(echoModel('echo: '))
process.on('message', (question) => {
  if (question === 'last') process.send?.({ last: server.requests.at(-1)?.raw ?? '' })
  // What was asked is only needed until the next question; thousands of whole prompts would fill the memory.
  server.requests.splice(0)
})
process.on('disconnect', () => process.exit(0))
process.send?.({ baseUrl: server.baseUrl('openai-completions') })
