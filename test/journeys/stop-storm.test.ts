import { expect, it } from 'vitest'
import { stopStorm } from '../campaigns/stop-storm.ts'

it('forty stops at random moments: nothing is begun and nothing goes on after the acknowledgement', async () => {
  const { begun, late } = await stopStorm({ stops: 40, seed: 7 })
  expect(begun).toBeGreaterThan(10)
  expect(late).toEqual([])
})

it('the storm sees a stop that says yes before anything has stopped', async () => {
  const { late } = await stopStorm({ stops: 30, seed: 7, acknowledgeEarly: true })
  expect(late.length).toBeGreaterThan(0)
})
