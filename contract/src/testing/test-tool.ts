import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { describe, expect, test } from 'vitest'
import type { Effect, GrantName, Grants, Tool } from '../tool.ts'
import { Problem } from '../problem.ts'

export interface ToolSuite<Schema extends TSchema, Needs extends GrantName> {
  /** Inputs the tool accepts and, with `grants`, carries out. At least one. */
  examples: Static<Schema>[]
  /** Fresh working grants; called once per run. Only those in `needs` are handed over. */
  grants(): Pick<Grants, Needs>
  /** Inputs the schema must refuse. */
  refused?: unknown[]
}

const effectTargets: Record<Effect['kind'], string> = {
  'reads-private': 'what', 'reads-untrusted': 'what', 'writes-workspace': 'path', 'writes-outside': 'path', 'runs-code': 'what',
  'reaches-host': 'host', sends: 'to', spends: 'what', 'changes-gateway': 'what', 'uses-device': 'what',
}

/** Longer words are shown by their beginning and length. */
const shownWhole = 60
/** Line breaks, terminal escapes, turned-around and invisible characters: none may reach a person's one line. */
const tricks = 'a\nb\r\u001b[2Kc\u202ed\u200be\u2028f'

/**
 * The promises every tool makes, whatever it does: a name and schema every provider takes, honest effects, a summary in
 * which nothing hides, no use of what it did not ask for, failures as `Problem`s, an end soon after the signal.
 */
export function testTool<Schema extends TSchema, Needs extends GrantName>(tool: Tool<Schema, Needs>, suite: ToolSuite<Schema, Needs>): void {
  const writes = (tool.needs as readonly string[]).includes('files.write')
  const plain = JSON.parse(JSON.stringify(tool.input)) as { type?: string; properties?: Record<string, { type?: string }> }

  describe(`the tool contract: ${tool.name}`, () => {
    test('has a name and a short description for the model', () => {
      expect(tool.name).toMatch(/^[a-z_]{1,40}$/)
      expect(tool.description).toMatch(/^\S[^\n]{9,298}\S$/)
      expect(new Set(tool.needs).size).toBe(tool.needs.length)
    })

    test('its input is JSON Schema of a closed object that takes the examples and nothing else', () => {
      expect(plain).toMatchObject({ type: 'object', additionalProperties: false })
      const check = Compile(plain as TSchema)
      for (const example of suite.examples) expect(check.Check(example)).toBe(true)
      for (const wrong of [null, 'text', 1, [], { ...(suite.examples[0] as object), __unknown: true }, ...(suite.refused ?? [])]) expect(check.Check(wrong)).toBe(false)
      for (const [name, property] of Object.entries(plain.properties ?? {})) {
        expect(name).toMatch(/^[a-z_]{1,40}$/)
        expect(typeof property).toBe('object')
      }
    })

    test('says its effects, always the same for the same input, each with its target', () => {
      for (const example of suite.examples) {
        const given = structuredClone(example)
        const effects = tool.effects(given)
        expect(given).toEqual(example)
        expect(tool.effects(structuredClone(example))).toEqual(effects)
        expect(JSON.parse(JSON.stringify(effects))).toEqual(effects)
        if (tool.needs.length > 0 && !(tool.needs.length === 1 && (tool.needs as readonly string[])[0] === 'clock')) expect(effects).not.toEqual([])
        if (writes) expect(effects.some((effect) => effect.kind === 'writes-workspace' || effect.kind === 'writes-outside')).toBe(true)
        for (const effect of effects) {
          const target = (effect as unknown as Record<string, unknown>)[effectTargets[effect.kind]]
          expect(target).toEqual(expect.any(String))
          expect(target).not.toBe('')
        }
      }
    })

    test('summarizes in one line in which nothing hides', () => {
      for (const example of suite.examples) {
        const line = tool.summarize(example)
        expect(line.trim()).not.toBe('')
        expect(line).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\n\r\t]/u)
        for (const [name, value] of Object.entries(example as Record<string, unknown>)) {
          if (typeof value !== 'string') continue
          if (value.length <= shownWhole && /^[\p{L}\p{N} ./_-]+$/u.test(value)) expect(line).toContain(value)
          const tricked = tool.summarize({ ...(example as object), [name]: tricks } as Static<Schema>)
          expect(tricked).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\n\r\t]/u)
          for (const letter of ['a', 'b', 'c', 'd', 'e', 'f']) expect(tricked).toContain(letter)
        }
      }
    })

    test('uses only the grants it asked for and returns plain data', async () => {
      for (const example of suite.examples) {
        const result = await tool.run(structuredClone(example), onlyNeeds(tool.needs, suite.grants()), new AbortController().signal)
        expect(JSON.parse(JSON.stringify(result))).toEqual(result)
        expect(result.content.length).toBeGreaterThan(0)
        for (const part of result.content) expect(part.type === 'text' ? part.text : part.data).not.toBe('')
      }
    })

    test('a failing grant is a throw with a sentence, not a made-up answer', async () => {
      if (tool.needs.length === 0) return
      const failure = new Problem('grant-failed', 'This is not to be had.')
      const failing = onlyNeeds(tool.needs, everyMethod(tool.needs, () => Promise.reject(failure)))
      for (const example of suite.examples) await expect(tool.run(structuredClone(example), failing, new AbortController().signal)).rejects.toBeInstanceOf(Problem)
    })

    test('ends when the signal aborts, before and during the work', async () => {
      if (tool.needs.length === 0) return
      const example = suite.examples[0] as Static<Schema>
      let touched = 0
      const hanging = onlyNeeds(tool.needs, everyMethod(tool.needs, () => {
        touched += 1
        return new Promise(() => undefined)
      }))
      await expect(tool.run(structuredClone(example), hanging, AbortSignal.abort('stop'))).rejects.toThrow()
      expect(touched).toBe(0)
      const during = new AbortController()
      const work = tool.run(structuredClone(example), hanging, during.signal)
      during.abort('stop')
      await expect(work).rejects.toThrow()
    })
  })
}

/** Touching any other grant fails, as it does in the gateway. */
function onlyNeeds<Needs extends GrantName>(needs: readonly Needs[], grants: Pick<Grants, Needs>): Pick<Grants, Needs> {
  return new Proxy(grants, {
    get(target, name) {
      if (!(needs as readonly PropertyKey[]).includes(name)) throw new Error(`used the grant ${String(name)} without asking for it`)
      return Reflect.get(target, name)
    },
  })
}

/** Grants whose every method does the same. The clock keeps telling the time: it cannot fail. */
function everyMethod<Needs extends GrantName>(needs: readonly Needs[], method: () => Promise<unknown>): Pick<Grants, Needs> {
  const grant = new Proxy({}, { get: () => method })
  return Object.fromEntries(needs.map((name) => [name, name === 'clock' ? { now: () => 0, after: () => () => undefined } : grant])) as unknown as Pick<Grants, Needs>
}
