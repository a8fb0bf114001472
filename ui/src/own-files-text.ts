import { language } from './text.ts'

const english = {
  empty: (name: string) => `${name} is empty.`,
  picture: (name: string) => `This browser cannot open ${name} as a picture. Send it as PNG, JPEG, GIF or WebP.`,
  film: (name: string) => `${name} is a film. Your assistant looks at pictures and documents and listens to sound.`,
  unread: (name: string) => `${name} cannot be read here. Text, Markdown, CSV, JSON, HTML, PDF and Word (docx) can.`,
  unheard: (name: string) => `${name} is a sound, and this gateway has nothing that turns sound into words (Settings, tools.media.audio).`,
  documentsOff: (name: string) => `${name} is a document, and this gateway reads none (Settings, tools.media.document).`,
  tooLarge: (name: string, most: string) => `${name} is larger than ${most}, the most the gateway takes.`,
  tooMany: (most: number) => `At most ${most} files go with one message.`,
}
export type OwnFilesText = typeof english

const german: OwnFilesText = {
  empty: (name) => `${name} ist leer.`,
  picture: (name) => `Dieser Browser kann ${name} nicht als Bild öffnen. Senden Sie es als PNG, JPEG, GIF oder WebP.`,
  film: (name) => `${name} ist ein Film. Ihr Assistent sieht sich Bilder und Dokumente an und hört Ton.`,
  unread: (name) => `${name} kann hier nicht gelesen werden. Text, Markdown, CSV, JSON, HTML, PDF und Word (docx) gehen.`,
  unheard: (name) => `${name} ist eine Tonaufnahme, und dieses Gateway hat nichts, das Ton in Worte fasst (Einstellungen, tools.media.audio).`,
  documentsOff: (name) => `${name} ist ein Dokument, und dieses Gateway liest keine (Einstellungen, tools.media.document).`,
  tooLarge: (name, most) => `${name} ist größer als ${most}, mehr nimmt das Gateway nicht.`,
  tooMany: (most) => `Höchstens ${most} Dateien gehen mit einer Nachricht.`,
}

export const ownFilesTexts = { english, german }
export const ownFilesText: OwnFilesText = language === 'de' ? german : english
