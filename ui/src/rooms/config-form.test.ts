import { describe, expect, it } from 'vitest'
import { changesOf, isAbout, leavesOf, patchOf, readForm, readTyped, replay, secretMark, typedWords, valueAt, withValue, pathWords } from './config-form.ts'
import { lineDiff } from './line-diff.ts'

const form = readForm({
  schema: {
    type: 'object',
    properties: {
      gateway: {
        type: 'object', title: 'The door',
        properties: {
          port: { type: 'integer', minimum: 0, maximum: 65_535, default: 18_789 },
          bind: { anyOf: [{ const: 'loopback', type: 'string' }, { const: 'lan', type: 'string' }], default: 'loopback' },
          token: { type: 'string', writeOnly: true },
          hosts: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'integer' }] } },
          tls: { type: 'object', properties: { enabled: { type: 'boolean', default: false } } },
        },
      },
      channels: { type: 'object', patternProperties: { '^.*$': { type: 'object', properties: { name: { type: 'string' } } } } },
      model: { anyOf: [{ type: 'string' }, { type: 'object', properties: {} }] },
    },
  },
  uiHints: { 'gateway.port': { label: 'Port', help: 'Where it listens.', restart: true } },
})

describe('a form from the schema', () => {
  it('offers each key in the shape it has', () => {
    const shapes = Object.fromEntries(leavesOf(form).map(({ steps, place }) => [steps.join('.'), place.shape.kind]))
    expect(shapes).toEqual({ 'gateway.port': 'number', 'gateway.bind': 'choice', 'gateway.token': 'words', 'gateway.hosts': 'lines', 'gateway.tls.enabled': 'yes-no', channels: 'group', model: 'any' })
    const [port, , token] = leavesOf(form).map((each) => each.place)
    expect(port).toMatchObject({ label: 'Port', help: 'Where it listens.', restart: true, fallback: 18_789, secret: false })
    expect(token).toMatchObject({ secret: true, restart: false })
  })

  it('a schema that contains itself comes to an end', () => {
    const loop: Record<string, unknown> = { type: 'object' }
    loop['properties'] = { again: loop }
    expect(leavesOf(readForm({ schema: loop })).length).toBe(1)
  })
})

describe('what differs', () => {
  const before = { gateway: { port: 1, token: secretMark, tls: { enabled: true } }, list: [1, 2] }

  it('is found key by key and undone by the same words', () => {
    const after = withValue(withValue(withValue(before, ['gateway', 'port'], 2), ['gateway', 'tls'], undefined), ['list'], [2])
    const changes = changesOf(before, after)
    expect(changes.map((change) => pathWords(change.steps))).toEqual(['gateway.port', 'gateway.tls', 'list'])
    expect(patchOf(changes)).toEqual({ gateway: { port: 2, tls: null }, list: [2] })
    expect(before.gateway.port).toBe(1)
    expect(changesOf(after, withValue(after, ['gateway', 'port'], 2))).toEqual([])
  })

  it('is made again on what somebody else wrote', () => {
    const mine = changesOf(before, withValue(before, ['gateway', 'port'], 9))
    expect(replay({ gateway: { port: 5, bind: 'lan' } }, mine)).toEqual({ gateway: { port: 9, bind: 'lan' } })
  })

  it('a key that names something of every object stays a key', () => {
    const after = withValue({}, ['__proto__', 'x'], 1) as object
    expect(Object.getPrototypeOf(after)).toBe(Object.prototype)
    expect(valueAt(after, ['__proto__', 'x'])).toBe(1)
    expect(valueAt({}, ['toString'])).toBeUndefined()
  })

  it('spells places as the gateway does', () => {
    expect(pathWords(['agents', 'list', 0, 'my.ai'])).toBe('agents.list[0]["my.ai"]')
    expect(isAbout({ path: 'a.b[0].c', message: '', line: 0 }, 'a.b')).toBe(true)
    expect(isAbout({ path: 'a.bc', message: '', line: 0 }, 'a.b')).toBe(false)
  })

  it('reads what was typed as it was meant', () => {
    expect(readTyped('{"a": 1}')).toEqual({ a: 1 })
    expect(readTyped('acme/large')).toBe('acme/large')
    expect(readTyped('  ')).toBeUndefined()
    for (const value of ['words', '12', 12, ['a'], { a: null }, 'true']) expect(readTyped(typedWords(value))).toEqual(value)
  })
})

describe('two texts', () => {
  it('show what went and what came, with what is around', () => {
    const before = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].join('\n')
    const shown = lineDiff(before, before.replace('e', 'E').replace('h', 'h\ni'))
    expect(shown.map((line) => (line.kind === 'gap' ? `…${line.count}` : `${{ same: ' ', out: '-', in: '+' }[line.kind]}${line.words}`))).toEqual(['…2', ' c', ' d', '-e', '+E', ' f', ' g', ' h', '+i'])
    expect(lineDiff(before, before)).toEqual([])
  })
})
