import { expect, it } from 'vitest'
import { createPlace } from './place.ts'

function bar(start: string): { hash(): string; push(next: string): void; replace(next: string): void; pushed: string[] } {
  let now = start
  const pushed: string[] = []
  return { pushed, hash: () => now, push: (next) => { now = next; pushed.push(next) }, replace: (next) => { now = next } }
}

it('names rooms and sessions by the address', () => {
  expect(createPlace(bar('#/security')).room.value).toBe('security')
  expect(createPlace(bar('#/onboarding')).room.value).toBe('onboarding')
  expect(createPlace(bar('#/nowhere')).room.value).toBeUndefined()
  expect(createPlace(bar('#%E0%A4%A')).read()).toBeUndefined()
  expect(createPlace(bar('#agent:main:telegram:direct:7%201')).read()).toBe('agent:main:telegram:direct:7 1')
  expect(createPlace(bar('#/security')).read()).toBeUndefined()
})

it('stays in a room when the page settles on a session, and leaves it when one is opened', () => {
  const address = bar('#/people')
  const place = createPlace(address)
  place.settle('agent:main:main')
  expect([place.room.value, address.hash()]).toEqual(['people', '#/people'])
  place.write('agent:main:main')
  expect([place.room.value, address.hash()]).toEqual([undefined, '#agent:main:main'])
  place.enter('usage')
  expect([place.room.value, address.pushed]).toEqual(['usage', ['#agent:main:main', '#/usage']])
  address.replace('#agent:main:main')
  expect([place.follow(), place.room.value]).toEqual(['agent:main:main', undefined])
})
