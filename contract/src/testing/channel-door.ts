import { describe, expect, it } from 'vitest'
import type { Connection } from '../channel.ts'
import type { PlatformMessageId, SenderId } from '../ids.ts'
import { never, words, type ChannelKit } from './channel-kit.ts'

/** The way in of our own, where the gateway authenticates the senders itself. */
export function doorCases(kit: ChannelKit): void {
  const { channel, line, chatWithAnna } = kit

  describe(`${channel.id}: the door`, () => {
    it('is there exactly when the gateway authenticates the senders itself', async () => {
      const { connection } = await line()
      expect(connection.door !== undefined).toBe(channel.senders === 'authenticated')
    })

    it('takes words, puts them into a direct chat of this account, and passes the receipt on', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.door, 'door')
      const receipt = await at.connection.door.submit(request('agent:main:main'))
      expect(receipt.kind).toBe('accepted')
      expect(at.host.taken.at(-1)?.chat).toEqual({ channel: channel.id, account: at.host.account, chat: 'agent:main:main', kind: 'direct' })
    })

    it('passes on that words could not be written down', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.door, 'door')
      at.host.rejectNext(1)
      await expect(at.connection.door.submit(request('agent:main:main'))).rejects.toThrow('the store is full')
    })

    it('passes wishes and the session on untouched', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.door, 'door')
      const wishes = { thinking: 'high', model: 'a/b', commands: false, instructions: 'be kind', timeoutMs: 5 } as const
      await at.connection.door.submit({ ...request('x'), session: 'agent:main:x' as never, wishes })
      expect(at.host.taken.at(-1)).toMatchObject({ session: 'agent:main:x', wishes })
    })

    it('tells every listener once, until it stops listening', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.door, 'door')
      const chat = await chatWithAnna(at)
      const heard: string[] = []
      at.connection.door.onSend(() => {
        throw new Error('a broken listener')
      })
      const stop = at.connection.door.onSend((_, message, id) => heard.push(`${message.markdown} ${id}`))
      const id = await at.connection.send(chat, words('hear, hear'), never)
      stop()
      await at.connection.send(chat, words('unheard'), never)
      expect(heard).toEqual([`hear, hear ${id}`])
    })

    it('is shut after the end', async (context) => {
      const at = await line()
      kit.needs(context, at.connection.door, 'door')
      await at.connection.close()
      await expect(at.connection.door.submit(request('x'))).rejects.toMatchObject({ name: 'Problem' })
      expect(at.host.calls).toEqual([])
    })
  })
}

let lastRequest = 0
function request(chat: string): Parameters<NonNullable<Connection['door']>['submit']>[0] {
  return { id: `request-${++lastRequest}` as PlatformMessageId, chat: chat as never, sender: { id: 'owner' as SenderId }, sentAt: Date.now(), text: 'words', attachments: [], mentioned: 'yes' }
}
