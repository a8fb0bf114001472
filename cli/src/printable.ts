/**
 * Text from elsewhere made safe for a terminal: escape sequences, control characters and direction overrides are removed, so
 * that no message can move the cursor, retitle the window or hide what it says. Line breaks and tabs stay.
 */
export function printable(text: string): string {
  return text
    .replace(escapeSequences, '')
    .replace(/\r\n?/g, '\n')
    .replace(controls, '')
}

/** The same on one line: breaks and tabs become single spaces. */
export function printableLine(text: string): string {
  return printable(text).replace(/\s+/g, ' ').trim()
}

// CSI, then OSC/DCS/APC/PM/SOS up to their terminator (or the end), then two-character escapes.
// oxlint-disable-next-line no-control-regex -- removing them is the point
const escapeSequences = /(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]?|(?:\u001B[\]PX^_]|[\u0090\u0098\u009D-\u009F])[^\u0007\u001B\u009C]*(?:\u0007|\u001B\\|\u009C)?|\u001B[ -~]?/g
// oxlint-disable-next-line no-control-regex -- removing them is the point
const controls = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/g
