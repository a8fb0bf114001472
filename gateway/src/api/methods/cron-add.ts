import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const cronAdd = defineMethod({
  name: 'cron.add',
  scope: 'operator.admin',
  summary: 'Refuses in words: jobs of one\'s own are not there yet.',
  params: open({}),
  result: Type.Never(),
  async handle() {
    throw new Problem('jobs-own-missing', 'Jobs of your own are not there yet: this gateway does only its own by itself.', { next: 'See what it does: moltbot cron list' })
  },
})
