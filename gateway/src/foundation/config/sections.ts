import { Type } from 'typebox'
import type { Section } from '@moltbot/contract'
import { defineSection } from '@moltbot/contract'

/** Environment values kept in the file. They fill in names that the process and `secrets.env` do not set. */
export const envSection = defineSection({
  path: 'env',
  title: 'Environment values used where the environment itself has none',
  reload: 'hot',
  secrets: ['*', 'vars.*'],
  schema: Type.Object({
    vars: Type.Record(Type.String(), Type.String(), { default: {}, description: 'Names and values. Names directly under `env` work too.' }),
    shellEnv: Type.Object({
      enabled: Type.Boolean({ default: false, description: 'Accepted and not used: the gateway never starts a login shell to read its environment.' }),
      timeoutMs: Type.Integer({ default: 15000, minimum: 0, description: 'Accepted and not used.' }),
    }, { default: {}, description: 'Kept for files of older installations.' }),
  }, { additionalProperties: Type.String() }),
})

/** What tools of this family write about themselves. */
export const metaSection = defineSection({
  path: 'meta',
  title: 'Which version last wrote this file',
  reload: 'hot',
  schema: Type.Object({
    lastTouchedVersion: Type.Optional(Type.String({ description: 'The version that last wrote the file.' })),
    lastTouchedAt: Type.Optional(Type.String({ description: 'When it did, as an ISO date.' })),
  }, { additionalProperties: Type.Unknown() }),
})

/** Notes of the guided set-up. */
export const wizardSection = defineSection({
  path: 'wizard',
  title: 'When the guided set-up last ran',
  reload: 'hot',
  schema: Type.Object({
    lastRunAt: Type.Optional(Type.String({ description: 'When it last ran, as an ISO date.' })),
    lastRunVersion: Type.Optional(Type.String({ description: 'The version that ran it.' })),
    lastRunCommit: Type.Optional(Type.String({ description: 'The commit that ran it.' })),
    lastRunCommand: Type.Optional(Type.String({ description: 'The command that started it.' })),
    lastRunMode: Type.Optional(Type.String({ description: 'Whether it set up a local or a remote gateway.' })),
  }, { additionalProperties: Type.Unknown() }),
})

/** The sections this room owns; `createConfig` adds them to the ones it is given. */
export const configSections: readonly Section[] = [envSection, metaSection, wizardSection]
