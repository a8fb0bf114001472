import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { SignInRow, signInRow } from '../wire/sign-in-rows.ts'

export const sessionsBrowserList = defineMethod({
  name: 'sessions.browser.list',
  scope: 'operator.admin',
  summary: 'The browsers that are signed in, the last used first.',
  params: closed({}),
  result: Type.Object({ browsers: Type.Array(SignInRow) }),
  handle: async (_params, rooms) => ({ browsers: (await rooms.signIns.list()).map(signInRow) }),
})
