import type { SeenMessage, SeenRequest, WireFormat } from './script.ts'

type Json = Record<string, unknown>
const obj = (value: unknown): Json => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {})
const arr = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
const str = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Which format a path belongs to; undefined: none. */
export function formatOf(path: string): WireFormat | undefined {
  if (/\/messages$/.test(path)) return 'anthropic-messages'
  if (/\/chat\/completions$/.test(path)) return 'openai-completions'
  if (/\/responses$/.test(path)) return 'openai-responses'
  if (/:(?:streamGenerateContent|generateContent)$/.test(path)) return 'google-generative-ai'
  return undefined
}

/** The request in the one shape scripts see. */
export function readRequest(format: WireFormat, path: string, body: Json): Pick<SeenRequest, 'model' | 'system' | 'tools' | 'messages' | 'lastUserText'> {
  const parts = readers[format](body, path)
  const last = parts.messages.findLast((message) => message.role === 'user')
  return { ...parts, lastUserText: last?.text ?? '' }
}

type Parts = Pick<SeenRequest, 'model' | 'system' | 'tools' | 'messages'>

const readers: Record<WireFormat, (body: Json, path: string) => Parts> = {
  'anthropic-messages': (body) => ({
    model: str(body['model']),
    system: typeof body['system'] === 'string' ? body['system'] : arr(body['system']).map((block) => str(obj(block)['text'])).join('\n'),
    tools: arr(body['tools']).map((tool) => ({ name: str(obj(tool)['name']), description: str(obj(tool)['description']), input: obj(tool)['input_schema'] })),
    messages: arr(body['messages']).flatMap((value): SeenMessage[] => {
      const message = obj(value)
      const blocks = typeof message['content'] === 'string' ? [{ type: 'text', text: message['content'] }] : arr(message['content']).map(obj)
      if (message['role'] === 'assistant') return [assistant(texts(blocks), blocks.filter((block) => block['type'] === 'tool_use').map((block) => ({ id: str(block['id']), name: str(block['name']), input: block['input'] })))]
      const results = blocks.filter((block) => block['type'] === 'tool_result').map((block): SeenMessage => {
        const inner = typeof block['content'] === 'string' ? [{ type: 'text', text: block['content'] }] : arr(block['content']).map(obj)
        return { role: 'tool', text: texts(inner), images: anthropicImages(inner), calls: [], callId: str(block['tool_use_id']), isError: block['is_error'] === true }
      })
      const rest = blocks.filter((block) => block['type'] !== 'tool_result')
      return rest.length === 0 ? results : [...results, { role: 'user', text: texts(rest), images: anthropicImages(rest), calls: [] }]
    }),
  }),
  'openai-completions': (body) => {
    const messages = arr(body['messages']).map(obj)
    return {
      model: str(body['model']),
      system: messages.filter((message) => message['role'] === 'system' || message['role'] === 'developer').map((message) => contentText(message['content'])).join('\n'),
      tools: arr(body['tools']).map((tool) => obj(obj(tool)['function'])).map((fn) => ({ name: str(fn['name']), description: str(fn['description']), input: fn['parameters'] })),
      messages: messages.flatMap((message): SeenMessage[] => {
        if (message['role'] === 'user') return [{ role: 'user', text: contentText(message['content']), images: dataUrls(arr(message['content']).map((part) => str(obj(obj(part)['image_url'])['url']))), calls: [] }]
        if (message['role'] === 'tool') return [{ role: 'tool', text: contentText(message['content']), images: [], calls: [], callId: str(message['tool_call_id']), isError: contentText(message['content']).startsWith('Error: ') }]
        if (message['role'] !== 'assistant') return []
        return [assistant(contentText(message['content']), arr(message['tool_calls']).map(obj).map((call) => ({ id: str(call['id']), name: str(obj(call['function'])['name']), input: parse(str(obj(call['function'])['arguments'])) })))]
      }),
    }
  },
  'openai-responses': (body) => ({
    model: str(body['model']),
    system: str(body['instructions']),
    tools: arr(body['tools']).map(obj).map((tool) => ({ name: str(tool['name']), description: str(tool['description']), input: tool['parameters'] })),
    messages: (typeof body['input'] === 'string' ? [{ role: 'user', content: body['input'] }] : arr(body['input']).map(obj)).flatMap((item: Json): SeenMessage[] => {
      if (item['type'] === 'function_call') return [assistant('', [{ id: str(item['call_id']), name: str(item['name']), input: parse(str(item['arguments'])) }])]
      if (item['type'] === 'function_call_output') {
        const text = contentText(item['output'])
        return [{ role: 'tool', text, images: dataUrls(arr(item['output']).map((part) => str(obj(part)['image_url']))), calls: [], callId: str(item['call_id']), isError: text.startsWith('Error: ') }]
      }
      if (item['type'] === 'reasoning') return []
      if (item['role'] === 'assistant') return [assistant(contentText(item['content']), [])]
      return [{ role: 'user', text: contentText(item['content']), images: dataUrls(arr(item['content']).map((part) => str(obj(part)['image_url']))), calls: [] }]
    }),
  }),
  'google-generative-ai': (body, path) => ({
    model: /models\/([^/:]+):/.exec(path)?.[1] ?? '',
    system: arr(obj(body['systemInstruction'])['parts']).map((part) => str(obj(part)['text'])).join('\n'),
    tools: arr(body['tools']).flatMap((tool) => arr(obj(tool)['functionDeclarations']).map(obj)).map((fn) => ({ name: str(fn['name']), description: str(fn['description']), input: fn['parametersJsonSchema'] ?? fn['parameters'] })),
    messages: arr(body['contents']).map(obj).flatMap((content): SeenMessage[] => {
      const parts = arr(content['parts']).map(obj)
      const text = parts.filter((part) => part['thought'] !== true && typeof part['text'] === 'string').map((part) => str(part['text'])).join('\n')
      if (content['role'] === 'model') return [assistant(text, parts.filter((part) => 'functionCall' in part).map((part) => obj(part['functionCall'])).map((call) => ({ id: str(call['id']) || str(call['name']), name: str(call['name']), input: call['args'] })))]
      const results = parts.filter((part) => 'functionResponse' in part).map((part) => obj(part['functionResponse'])).map((response): SeenMessage => {
        const inner = obj(response['response'])
        return { role: 'tool', text: str(inner['output']) || str(inner['error']), images: [], calls: [], callId: str(response['name']), isError: 'error' in inner }
      })
      const images = parts.filter((part) => 'inlineData' in part).map((part) => obj(part['inlineData'])).map((data) => ({ mimeType: str(data['mimeType']), data: str(data['data']) }))
      return text === '' && images.length === 0 ? results : [...results, { role: 'user', text, images, calls: [] }]
    }),
  }),
}

function assistant(text: string, calls: SeenMessage['calls']): SeenMessage {
  return { role: 'assistant', text, images: [], calls }
}

function texts(blocks: Json[]): string {
  return blocks.filter((block) => block['type'] === 'text').map((block) => str(block['text'])).join('\n')
}

function contentText(content: unknown): string {
  return typeof content === 'string' ? content : arr(content).map((part) => str(obj(part)['text'])).filter((text) => text !== '').join('\n')
}

function anthropicImages(blocks: Json[]): SeenMessage['images'] {
  return blocks.filter((block) => block['type'] === 'image').map((block) => obj(block['source'])).map((source) => ({ mimeType: str(source['media_type']), data: str(source['data']) }))
}

function dataUrls(urls: string[]): SeenMessage['images'] {
  return urls.flatMap((url) => {
    const match = /^data:([^;]+);base64,(.*)$/s.exec(url)
    return match?.[1] === undefined || match[2] === undefined ? [] : [{ mimeType: match[1], data: match[2] }]
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The script sees what the client really sent.
    return text
  }
}
