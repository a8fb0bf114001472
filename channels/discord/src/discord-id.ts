import type { ChannelId } from '@moltbot/contract'

export const discordId = 'discord' as ChannelId

/** Discord's ids are numbers of 17 to 20 digits that begin with the time. */
const snowflakePattern = /^\d{17,20}$/
const discordEpoch = 1_420_070_400_000n

export function isSnowflake(text: string | undefined): text is string {
  return text !== undefined && snowflakePattern.test(text)
}

/** The smallest id a thing of that moment can have; ids compare by length, then letter by letter. */
export function snowflakeAt(epochMs: number): string {
  const since = BigInt(Math.floor(epochMs)) - discordEpoch
  return String((since > 0n ? since : 0n) << 22n)
}

export function timeOf(snowflake: string): number {
  return Number((BigInt(snowflake) >> 22n) + discordEpoch)
}

/** Whether `a` was made after `b`. */
export function isNewer(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length
}
