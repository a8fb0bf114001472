import { defineSection } from '@moltbot/contract'
import type { Section } from '@moltbot/contract'
import { Type, type Static } from 'typebox'

const schema = Type.Object({
  every: Type.Union([Type.Literal('off'), Type.Literal('day'), Type.Literal('week')], { default: 'off', description: 'How often everything is written into one sealed file by itself. It needs recipients: a key that opens it and lies elsewhere.' }),
  recipients: Type.Array(Type.String({ pattern: '^age1[0-9a-z]{20,2000}$' }), { default: [], description: 'Age recipients (age1…); each of their identities alone can open the file. Make one with age-keygen and keep the identity on another machine or in a drawer.' }),
  keep: Type.Integer({ default: 14, minimum: 1, maximum: 1000, description: 'How many of them are kept; older ones that made themselves are removed, never any other file.' }),
  folder: Type.String({ default: '', description: 'Where they go: a folder that exists, better on another disk. Empty: backups in the state directory.' }),
}, { default: {}, description: 'Backups that make themselves.' })

/** Backups that make themselves. Takes effect at the next look, within the hour. */
export const backupSection: Section<typeof schema> = defineSection({ path: 'backup', title: 'Backups that make themselves', schema, reload: 'hot' })

export type BackupConfig = Static<typeof schema>
