import type { ModelPeer, ModelScenario } from '@moltbot/contract/testing'
import { cut, fail, hang, startModelServer, think, usage } from '../../../test/fakes/model-servers/index.ts'
import type { Script, Step, WireFormat } from '../../../test/fakes/model-servers/index.ts'

/** The conformance suite's scenarios, spoken by a fake server in one wire format. */
export function serveIn(format: WireFormat): (scenario: ModelScenario) => Promise<ModelPeer> {
  return async (scenario) => {
    const server = await startModelServer(scriptFor(format, scenario))
    return {
      provider: { id: 'fake', baseUrl: server.baseUrl(format), headers: {}, compat: {} },
      fetch: globalThis.fetch,
      close: () => server.close(),
    }
  }
}

function scriptFor(format: WireFormat, scenario: ModelScenario): Script {
  const text = 'text' in scenario && scenario.text.length > 0 ? [{ kind: 'text', pieces: scenario.text } satisfies Step] : []
  switch (scenario.kind) {
    case 'answer':
      return () => [
        usage(scenario.usage.input, scenario.usage.output, scenario.usage.cacheRead, scenario.usage.cacheWrite),
        ...(scenario.thinking === undefined ? [] : [think(scenario.thinking.join(''), 'sig-1')]),
        ...text,
        ...scenario.calls.map((call): Step => ({ kind: 'call', name: call.name, pieces: call.json.match(/[\s\S]{1,5}/g) ?? [] })),
        ...(scenario.stop === 'tool-use' ? [] : [{ kind: 'end', stop: scenario.stop } satisfies Step]),
      ]
    case 'status': return () => [fail(scenario.status, scenario.message, scenario.headers === undefined ? {} : { headers: scenario.headers })]
    case 'cut': return () => [...text, cut]
    case 'hang': return () => [...text, hang]
    case 'overload': return () => [...text, { kind: 'stream-error', type: { 'anthropic-messages': 'overloaded_error', 'openai-completions': 'overloaded', 'openai-responses': 'server_is_overloaded', 'google-generative-ai': '503' }[format], message: 'The model is overloaded.' }]
  }
}

