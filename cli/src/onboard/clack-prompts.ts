import { confirm, intro, isCancel, log, outro, password, select, spinner, text } from '@clack/prompts'
import type { Prompts } from '@moltbot/contract'

/** Questions on the real terminal. Loaded only by commands that ask. */
export function createClackPrompts(): Prompts {
  // `isCancel` alone does not tell the compiler that no symbol is left.
  const given = <Value>(value: Value): Exclude<Value, symbol> | undefined => (isCancel(value) ? undefined : (value as Exclude<Value, symbol>))
  const validator = (check: ((value: string) => string | undefined) | undefined): { validate?: (value: string | undefined) => string | undefined } =>
    check === undefined ? {} : { validate: (value) => check(value ?? '') }
  return {
    intro,
    info: (message) => log.message(message),
    outro,
    select: async ({ message, options, initial }) => given(await select({ message, options, ...(initial === undefined ? {} : { initialValue: initial }) })),
    async text({ message, placeholder, initial, check }) {
      // The proposal is shown and taken by Enter; typing replaces it.
      const shown = initial ?? placeholder
      return given(await text({ message, ...(shown === undefined ? {} : { placeholder: shown }), ...(initial === undefined ? {} : { defaultValue: initial }), validate: (typed) => ((typed ?? '') === '' && initial !== undefined ? undefined : check?.(typed ?? '')) }))
    },
    secret: async ({ message, check }) => given(await password({ message, mask: '•', ...validator(check) })),
    confirm: async ({ message, initial }) => given(await confirm({ message, initialValue: initial })),
    busy(message) {
      const turning = spinner()
      turning.start(message)
      return (done) => turning.stop(done)
    },
  }
}
