import type { ChannelId, ChatId, SenderId } from '@moltbot/contract'

export const whatsappId = 'whatsapp' as ChannelId

/** WhatsApp addresses people by telephone number and by an id that hides it; both may carry the number of a device. */
const personPattern = /^(\d{5,20})(?:_\d+)?(?::\d+)?@(s\.whatsapp\.net|c\.us|hosted|lid|hosted\.lid)$/
const groupPattern = /^\d{5,25}(?:-\d{5,20})?@g\.us$/
const numberPattern = /^\+(\d{5,20})$/

/** A person's address without device: `4915…@s.whatsapp.net` or `…@lid`. Undefined: no person's (a group, a broadcast, the network itself). */
export function personAddress(address: string | null | undefined): string | undefined {
  const found = personPattern.exec(address ?? '')
  if (found === null) return undefined
  return `${found[1]}@${found[2] === 'lid' || found[2] === 'hosted.lid' ? 'lid' : 's.whatsapp.net'}`
}

export const isHidden = (address: string): boolean => address.endsWith('@lid')
export const isGroup = (address: string | null | undefined): address is string => groupPattern.test(address ?? '')

/** Who a person is to the gateway: the number in international form, or the hidden id while WhatsApp tells no number. */
export function senderId(person: string): SenderId {
  return (isHidden(person) ? person : `+${person.slice(0, person.indexOf('@'))}`) as SenderId
}

/** The address of a sender as `senderId` names it. Undefined: nobody's. */
export function addressOf(sender: string): string | undefined {
  const number = numberPattern.exec(sender)?.[1]
  return number === undefined ? personAddress(sender) : `${number}@s.whatsapp.net`
}

/** A place words can go to, as it is written on the wire. */
export function isPlace(chat: string): chat is ChatId {
  return isGroup(chat) || personAddress(chat) === chat
}
