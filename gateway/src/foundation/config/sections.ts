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

/** Where references (`{source, provider, id}`) at a secret's key lead. */
export const secretsSection = defineSection({
  path: 'secrets',
  title: 'Where secrets stand that the configuration refers to',
  reload: 'hot',
  schema: Type.Object({
    providers: Type.Record(Type.String(), Type.Object({
      source: Type.Union([Type.Literal('env'), Type.Literal('file'), Type.Literal('exec')], { description: 'The environment, a file, or a program that is run.' }),
      allowlist: Type.Optional(Type.Array(Type.String(), { description: 'For env: the only names that may be read.' })),
      path: Type.Optional(Type.String({ description: 'For file: absolute, or beginning with `~/`; readable by nobody else.' })),
      mode: Type.Optional(Type.Union([Type.Literal('json'), Type.Literal('singleValue')], { description: 'For file: JSON, with a JSON pointer as id, or one value, with the id `value`.' })),
      command: Type.Optional(Type.String({ description: 'For exec: the absolute path of the program. It is run without a shell; nobody else may be able to change it.' })),
      args: Type.Optional(Type.Array(Type.String(), { description: 'For exec: its arguments. `{id}` in one stands for the id, and what the program prints is the value; without it the program is asked in JSON on its standard input.' })),
      passEnv: Type.Optional(Type.Array(Type.String(), { description: 'For exec: names of the environment it gets. It gets nothing else.' })),
      timeoutMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 60000, description: 'For exec: how long it may take; 5000 unless set.' })),
      maxOutputBytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 1048576, description: 'For exec: how much it may print; 65536 unless set.' })),
      jsonOnly: Type.Optional(Type.Boolean({ description: 'For exec: false takes an answer that is no JSON as the value itself.' })),
    }, { description: 'One place.' }), { default: {}, description: 'Names for `provider`, and what each is.' }),
  }, { additionalProperties: Type.Unknown() }),
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
export const configSections: readonly Section[] = [envSection, secretsSection, metaSection, wizardSection]
