import type { JsonObject } from './types.ts'

/** The Bot API says no. */
export class BotApiError extends Error {
  readonly code: number
  readonly parameters: JsonObject | undefined
  constructor(code: number, description: string, parameters?: JsonObject) {
    super(description)
    this.code = code
    this.parameters = parameters
  }
}
