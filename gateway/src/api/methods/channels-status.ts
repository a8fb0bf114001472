import { abilitiesOf, type AccountId, type ChannelId } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { AccountRow, channelRows } from '../wire/channel-rows.ts'
import { open } from '../wire/params.ts'

const Names = Type.Record(Type.String(), Type.String())

export const channelsStatus = defineMethod({
  name: 'channels.status',
  scope: 'operator.read',
  summary: 'Every channel and login, and how its connection is; with probe, each makes a round trip.',
  params: open({ probe: Type.Optional(Type.Boolean()), timeoutMs: Type.Optional(Type.Integer({ minimum: 0 })), channel: Type.Optional(Type.String()) }),
  result: Type.Object({
    ts: Type.Integer(),
    channelOrder: Type.Array(Type.String()),
    channelLabels: Names,
    channelDetailLabels: Names,
    channelSystemImages: Names,
    channelMeta: Type.Array(Type.Object({ id: Type.String(), label: Type.String(), detailLabel: Type.String() })),
    channels: Type.Record(Type.String(), AccountRow),
    channelAccounts: Type.Record(Type.String(), Type.Array(AccountRow)),
    channelDefaultAccountId: Names,
  }),
  async handle(params, rooms) {
    const probes = params.probe === true ? await rooms.connections.probe(Math.min(30_000, Math.max(1_000, params.timeoutMs ?? 10_000))) : []
    const now = rooms.clock.now()
    const rows = channelRows(rooms.connections.status(), probes, now).filter((row) => params.channel === undefined || row.id === params.channel)
    for (const { id, accounts } of rows) {
      const channel = rooms.channels.find((each) => each.id === id)
      for (const account of accounts) {
        const connection = rooms.connections.of({ channel: id as ChannelId, account: account.accountId as AccountId })
        if (channel !== undefined && connection !== undefined) account.abilities = abilitiesOf(channel, connection)
      }
    }
    const labels = Object.fromEntries(rows.map((row) => [row.id, row.label]))
    return {
      ts: Math.round(now),
      channelOrder: rows.map((row) => row.id),
      channelLabels: labels,
      channelDetailLabels: labels,
      channelSystemImages: {},
      channelMeta: rows.map((row) => ({ id: row.id, label: row.label, detailLabel: row.label })),
      channels: Object.fromEntries(rows.map((row) => [row.id, row.summary])),
      channelAccounts: Object.fromEntries(rows.map((row) => [row.id, row.accounts])),
      channelDefaultAccountId: Object.fromEntries(rows.map((row) => [row.id, row.defaultAccountId])),
    }
  },
})
