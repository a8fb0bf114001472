import { afterAll, beforeAll, expect, it } from 'vitest'
import { say } from '../fakes/model-servers/index.ts'
import { ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
beforeAll(async () => { at = await startTestGateway({ config: ownedBy1001 }) })
afterAll(() => at.close())

it('an answer beyond Telegram\'s limit comes in parts, in order, with nothing missing and every code block whole', async () => {
  const prose = Array.from({ length: 60 }, (_, line) => `Sentence ${line} says something of average length about nothing much.`).join('\n\n')
  const code = Array.from({ length: 120 }, (_, line) => `const line_${line} = ${line} < 60 && ${line} > 5 // with <signs> & such`).join('\n')
  at.model.use(() => [say(`${prose}\n\n\`\`\`ts\n${code}\n\`\`\`\n\nThe end.`)])
  const parts = await personAt(at, 1001).ask('tell me a lot')
  expect(parts.length).toBeGreaterThan(2)
  for (const part of parts) expect(part.text.length).toBeLessThanOrEqual(4_096)
  const ids = parts.map((part) => part.messageId)
  expect(ids).toEqual([...ids].sort((one, other) => one - other))
  const whole = parts.map((part) => part.text).join('\n')
  const numbers = (pattern: RegExp): number[] => [...whole.matchAll(pattern)].map((match) => Number(match[1]))
  expect(numbers(/Sentence (\d+) says/g)).toEqual(Array.from({ length: 60 }, (_, line) => line))
  expect(numbers(/const line_(\d+) = /g)).toEqual(Array.from({ length: 120 }, (_, line) => line))
  expect(whole).toContain('60 && 119 > 5 // with <signs> & such')
  expect(whole).not.toContain('```')
  expect(parts.at(-1)?.text.endsWith('The end.')).toBe(true)
  // Every part that holds code shows it as code.
  for (const part of parts.filter((each) => each.text.includes('const line_'))) expect(part.entities.some((entity) => entity.type === 'pre')).toBe(true)
})
