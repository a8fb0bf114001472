/** The place of an app of others in Messages; behind it stand its maker and its own id. */
const appPrefix = 'com.apple.messages.MSMessageExtensionBalloonPlugin:'
/** A link with its preview: the words are the address. */
const preview = 'com.apple.messages.URLBalloonProvider'
const own: Readonly<Record<string, string>> = {
  'com.apple.Handwriting.HandwritingProvider': 'a handwritten message',
  'com.apple.DigitalTouchBalloonProvider': 'a drawing',
}
/** Apps of Apple whose ids do not say what people call them. */
const called: readonly (readonly [id: RegExp, name: string])[] = [[/PeerPayment/, 'Apple Cash'], [/findmy/i, 'Find My'], [/SafetyMonitor/i, 'Check In'], [/^com\.apple\.messages\.Polls$/, 'Polls']]
/** Parts of an id that name no app. */
const partsOfAny = /^(?:apps?|ext|extension|imessage|imessageapp|imessageext|imessageextension|ios|iphone|message|messages|messagesapp|messagesext|messagesextension|messageextension|msgext|stickers?)$/i
const nameLengthMax = 60

/**
 * What a message that Messages draws itself is, in words (`[a drawing]`, `[a message of an app: gamepigeon]`). Of an app its name is what its id says. Undefined: it is none, or a link whose
 * words say the same.
 */
export function balloonLine(bundleId: unknown): string | undefined {
  if (typeof bundleId !== 'string' || bundleId === '' || bundleId === preview) return undefined
  const known = Object.hasOwn(own, bundleId) ? own[bundleId] : undefined
  if (known !== undefined) return `[${known}]`
  const name = appName(bundleId.startsWith(appPrefix) ? bundleId.slice(bundleId.lastIndexOf(':') + 1) : bundleId)
  return name === undefined ? '[a message of an app]' : `[a message of an app: ${name}]`
}

/** Files that only draw it, such as the picture of a preview: nobody sent them. */
export const drawsBalloon = (fileName: unknown): boolean => typeof fileName === 'string' && fileName.endsWith('.pluginPayloadAttachment')

/** The id comes from the sender's device: letters, digits and a few signs alone get through. */
function appName(id: string): string | undefined {
  const apple = called.find(([pattern]) => pattern.test(id))
  if (apple !== undefined) return apple[1]
  const parts = id.slice(0, 300).split('.').slice(1).filter((part) => !partsOfAny.test(part))
  const name = (parts.at(-1) ?? '').replace(/[^\w -]/g, '').trim().slice(0, nameLengthMax)
  return name === '' ? undefined : name
}
