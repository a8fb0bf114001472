import type { SeenRequest, Step, WireFormat } from './script.ts'

/** Turns steps into the frames of one wire format. `begin` and `finish` frame the answer. */
export interface Speaker {
  begin(): string
  /** Frames of one content step. */
  step(step: Step): string[]
  /** Frames that end the answer. */
  finish(stop: 'end' | 'tool-use' | 'length' | 'refusal', usage: Counts): string[]
  error(type: string, message: string): string
}
export interface Counts { input: number; output: number; cacheRead: number; cacheWrite: number }

const named = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
const bare = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`

export function speakerFor(format: WireFormat, request: SeenRequest, counts: () => Counts): Speaker {
  return makers[format](request, counts)
}

const makers: Record<WireFormat, (request: SeenRequest, counts: () => Counts) => Speaker> = {
  'anthropic-messages': (request, counts) => {
    let index = 0
    const block = (start: unknown, deltas: unknown[]): string[] => {
      const at = index++
      return [
        named('content_block_start', { type: 'content_block_start', index: at, content_block: start }),
        ...deltas.map((delta) => named('content_block_delta', { type: 'content_block_delta', index: at, delta })),
        named('content_block_stop', { type: 'content_block_stop', index: at }),
      ]
    }
    return {
      begin: () => named('message_start', {
        type: 'message_start',
        message: {
          id: `msg_${request.index}`, type: 'message', role: 'assistant', model: request.model, content: [], stop_reason: null, stop_sequence: null,
          usage: { input_tokens: counts().input, output_tokens: 1, cache_read_input_tokens: counts().cacheRead, cache_creation_input_tokens: counts().cacheWrite },
        },
      }) + named('ping', { type: 'ping' }),
      step(step) {
        if (step.kind === 'text') return block({ type: 'text', text: '' }, step.pieces.map((text) => ({ type: 'text_delta', text })))
        if (step.kind === 'thinking') {
          return block({ type: 'thinking', thinking: '', signature: '' }, [
            ...step.pieces.map((thinking) => ({ type: 'thinking_delta', thinking })), { type: 'signature_delta', signature: step.signature ?? `sig-${request.index}` },
          ])
        }
        if (step.kind === 'redacted-thinking') return block({ type: 'redacted_thinking', data: step.data }, [])
        if (step.kind === 'call') {
          return block({ type: 'tool_use', id: step.id ?? `toolu_${request.index}_${index}`, name: step.name, input: {} }, ['', ...step.pieces].map((partial_json) => ({ type: 'input_json_delta', partial_json })))
        }
        return []
      },
      finish: (stop, used) => [
        named('message_delta', {
          type: 'message_delta', delta: { stop_reason: { end: 'end_turn', 'tool-use': 'tool_use', length: 'max_tokens', refusal: 'refusal' }[stop], stop_sequence: null },
          usage: { input_tokens: used.input, output_tokens: used.output, cache_read_input_tokens: used.cacheRead, cache_creation_input_tokens: used.cacheWrite },
        }),
        named('message_stop', { type: 'message_stop' }),
      ],
      error: (type, message) => named('error', { type: 'error', error: { type, message } }),
    }
  },

  'openai-completions': (request) => {
    let calls = 0
    const chunk = (delta: unknown, finish: string | null = null): string => bare({
      id: `chatcmpl-${request.index}`, object: 'chat.completion.chunk', created: 1_767_225_600, model: request.model, choices: [{ index: 0, delta, finish_reason: finish }],
    })
    return {
      begin: () => chunk({ role: 'assistant', content: '' }),
      step(step) {
        if (step.kind === 'text') return step.pieces.map((content) => chunk({ content }))
        if (step.kind === 'thinking') return step.pieces.map((piece) => chunk({ reasoning_content: piece }))
        if (step.kind === 'call') {
          const index = calls++
          return [
            chunk({ tool_calls: [{ index, id: step.id ?? `call_${request.index}_${index}`, type: 'function', function: { name: step.name, arguments: '' } }] }),
            ...step.pieces.map((piece) => chunk({ tool_calls: [{ index, function: { arguments: piece } }] })),
          ]
        }
        return []
      },
      finish: (stop, used) => [
        chunk({}, { end: 'stop', 'tool-use': 'tool_calls', length: 'length', refusal: 'content_filter' }[stop]),
        bare({
          id: `chatcmpl-${request.index}`, object: 'chat.completion.chunk', created: 1_767_225_600, model: request.model, choices: [],
          usage: {
            prompt_tokens: used.input + used.cacheRead + used.cacheWrite, completion_tokens: used.output, total_tokens: used.input + used.cacheRead + used.cacheWrite + used.output,
            prompt_tokens_details: { cached_tokens: used.cacheRead, ...(used.cacheWrite === 0 ? {} : { cache_write_tokens: used.cacheWrite }) },
          },
        }),
        'data: [DONE]\n\n',
      ],
      error: (type, message) => bare({ error: { message, type, code: type } }),
    }
  },

  'openai-responses': (request) => {
    let sequence = 0
    const output: unknown[] = []
    const id = `resp_${request.index}`
    const response = (status: string, more: object = {}): object => ({
      id, object: 'response', created_at: 1_767_225_600, status, model: request.model, output: [...output], error: null, incomplete_details: null,
      instructions: null, metadata: {}, parallel_tool_calls: true, temperature: 1, tool_choice: 'auto', tools: [], top_p: 1, ...more,
    })
    const event = (type: string, more: object): string => named(type, { type, sequence_number: sequence++, ...more })
    return {
      begin: () => event('response.created', { response: response('in_progress') }) + event('response.in_progress', { response: response('in_progress') }),
      step(step) {
        const output_index = output.length
        if (step.kind === 'text') {
          const item_id = `msg_${request.index}_${output_index}`
          const text = step.pieces.join('')
          const item = { id: item_id, type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text, annotations: [] }] }
          output.push(item)
          const at = { item_id, output_index, content_index: 0 }
          return [
            event('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', content: [] } }),
            event('response.content_part.added', { ...at, part: { type: 'output_text', text: '', annotations: [] } }),
            ...step.pieces.map((delta) => event('response.output_text.delta', { ...at, delta, logprobs: [] })),
            event('response.output_text.done', { ...at, text, logprobs: [] }),
            event('response.content_part.done', { ...at, part: item.content[0] }),
            event('response.output_item.done', { output_index, item }),
          ]
        }
        if (step.kind === 'thinking' || step.kind === 'redacted-thinking') {
          const item_id = `rs_${request.index}_${output_index}`
          const pieces = step.kind === 'thinking' ? step.pieces : []
          const encrypted_content = step.kind === 'thinking' ? (step.signature ?? `enc-${request.index}`) : step.data
          const item = { id: item_id, type: 'reasoning', summary: pieces.length === 0 ? [] : [{ type: 'summary_text', text: pieces.join('') }], encrypted_content }
          output.push(item)
          const at = { item_id, output_index, summary_index: 0 }
          return [
            event('response.output_item.added', { output_index, item: { id: item_id, type: 'reasoning', summary: [] } }),
            ...(pieces.length === 0 ? [] : [
              event('response.reasoning_summary_part.added', { ...at, part: { type: 'summary_text', text: '' } }),
              ...pieces.map((delta) => event('response.reasoning_summary_text.delta', { ...at, delta })),
              event('response.reasoning_summary_text.done', { ...at, text: pieces.join('') }),
              event('response.reasoning_summary_part.done', { ...at, part: { type: 'summary_text', text: pieces.join('') } }),
            ]),
            event('response.output_item.done', { output_index, item }),
          ]
        }
        if (step.kind === 'call') {
          const item_id = `fc_${request.index}_${output_index}`
          const args = step.pieces.join('')
          const item = { id: item_id, type: 'function_call', call_id: step.id ?? `call_${request.index}_${output_index}`, name: step.name, arguments: args, status: 'completed' }
          output.push(item)
          return [
            event('response.output_item.added', { output_index, item: { ...item, arguments: '', status: 'in_progress' } }),
            ...step.pieces.map((delta) => event('response.function_call_arguments.delta', { item_id, output_index, delta })),
            event('response.function_call_arguments.done', { item_id, output_index, arguments: args, name: step.name }),
            event('response.output_item.done', { output_index, item }),
          ]
        }
        return []
      },
      finish(stop, used) {
        const usage = {
          input_tokens: used.input + used.cacheRead + used.cacheWrite, output_tokens: used.output, total_tokens: used.input + used.cacheRead + used.cacheWrite + used.output,
          input_tokens_details: { cached_tokens: used.cacheRead, ...(used.cacheWrite === 0 ? {} : { cache_write_tokens: used.cacheWrite }) }, output_tokens_details: { reasoning_tokens: 0 },
        }
        if (stop === 'length') return [event('response.incomplete', { response: response('incomplete', { usage, incomplete_details: { reason: 'max_output_tokens' } }) })]
        if (stop === 'refusal') return [event('response.incomplete', { response: response('incomplete', { usage, incomplete_details: { reason: 'content_filter' } }) })]
        return [event('response.completed', { response: response('completed', { usage }) })]
      },
      error: (type, message) => event('response.failed', { response: response('failed', { error: { code: type, message } }) }),
    }
  },

  'google-generative-ai': (request) => {
    const frame = (more: object): string => `data: ${JSON.stringify({ ...more, modelVersion: request.model, responseId: `resp${request.index}` })}\r\n\r\n`
    const parts = (list: unknown[]): string => frame({ candidates: [{ content: { role: 'model', parts: list }, index: 0 }] })
    return {
      begin: () => '',
      step(step) {
        if (step.kind === 'text') return step.pieces.map((text) => parts([{ text }]))
        if (step.kind === 'thinking') return [...step.pieces.map((text) => parts([{ text, thought: true }])), ...(step.signature === undefined ? [] : [parts([{ text: '', thoughtSignature: step.signature }])])]
        // This format sends arguments whole.
        if (step.kind === 'call') return [parts([{ functionCall: { name: step.name, args: parsed(step.pieces.join('')), ...(step.id === undefined ? {} : { id: step.id }) }, ...(step.signature === undefined ? {} : { thoughtSignature: step.signature }) }])]
        return []
      },
      finish: (stop, used) => [frame({
        candidates: [{ content: { role: 'model', parts: [{ text: '' }] }, finishReason: { end: 'STOP', 'tool-use': 'STOP', length: 'MAX_TOKENS', refusal: 'SAFETY' }[stop], index: 0 }],
        usageMetadata: {
          promptTokenCount: used.input + used.cacheRead, candidatesTokenCount: used.output, totalTokenCount: used.input + used.cacheRead + used.output, cachedContentTokenCount: used.cacheRead,
        },
      })],
      error: (type, message) => frame({ error: { code: /^\d+$/.test(type) ? Number(type) : 500, message, status: type } }),
    }
  },
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Gemini itself never sends broken arguments; nothing is what arrives.
    return undefined
  }
}

/** An HTTP error's body as each vendor writes it. */
export function errorBody(format: WireFormat, status: number, message: string, type: string | undefined): string {
  if (format === 'anthropic-messages') {
    const kinds: Record<number, string> = { 400: 'invalid_request_error', 401: 'authentication_error', 402: 'billing_error', 403: 'permission_error', 404: 'not_found_error', 413: 'request_too_large', 429: 'rate_limit_error', 529: 'overloaded_error' }
    return JSON.stringify({ type: 'error', error: { type: type ?? kinds[status] ?? 'api_error', message }, request_id: 'req_test' })
  }
  if (format === 'google-generative-ai') {
    const kinds: Record<number, string> = { 400: 'INVALID_ARGUMENT', 401: 'UNAUTHENTICATED', 403: 'PERMISSION_DENIED', 404: 'NOT_FOUND', 429: 'RESOURCE_EXHAUSTED', 500: 'INTERNAL', 503: 'UNAVAILABLE', 504: 'DEADLINE_EXCEEDED' }
    return JSON.stringify({ error: { code: status, message, status: type ?? kinds[status] ?? 'UNKNOWN' } })
  }
  return JSON.stringify({ error: { message, type: type ?? 'invalid_request_error', param: null, code: type ?? null } })
}
