import { defineSection } from '@moltbot/contract'
import { Type, type Static } from 'typebox'

const scope = Type.Object({
  default: Type.Union([Type.Literal('allow'), Type.Literal('deny')], { default: 'allow', description: 'What holds where no rule fits.' }),
  rules: Type.Array(Type.Object({
    action: Type.Union([Type.Literal('allow'), Type.Literal('deny')], { description: 'What the rule says.' }),
    match: Type.Object({
      channel: Type.Optional(Type.String({ description: 'Messages of this channel.' })),
      chatType: Type.Optional(Type.Union([Type.Literal('direct'), Type.Literal('group'), Type.Literal('channel')], { description: 'Messages of this kind of chat.' })),
    }, { default: {}, description: 'Which messages it is about; what is absent fits all.' }),
  }), { default: [], description: 'The first that fits counts.' }),
}, { default: {}, description: 'For which messages.' })

const transcriber = Type.Object({
  type: Type.Optional(Type.Union([Type.Literal('provider'), Type.Literal('cli')], { description: '`provider` (default): a server that speaks OpenAI’s `/audio/transcriptions`. `cli`: a program of yours on this machine.' })),
  provider: Type.Optional(Type.String({ maxLength: 60, description: 'Whose key is used, as under `models.providers`. `openai` and `groq` need no `baseUrl`.' })),
  model: Type.Optional(Type.String({ maxLength: 120, description: 'The model’s name at the provider.' })),
  baseUrl: Type.Optional(Type.String({ maxLength: 500, pattern: '^https?://', description: 'Where the server is, up to `/v1`. It may be on this machine or network.' })),
  command: Type.Optional(Type.String({ maxLength: 500, description: 'With `cli`: the program. It runs isolated like commands of agents, without any network.' })),
  args: Type.Optional(Type.Array(Type.String({ maxLength: 500 }), { maxItems: 40, description: 'With `cli`: its arguments. `{{MediaPath}}` is the sound, `{{OutputBase}}` a name whose `.txt` is read; without such a file what it prints is taken.' })),
  pricePerMinute: Type.Optional(Type.Number({ minimum: 0, description: 'US dollars per minute of sound, for the budget. Absent: a known price, else `budgets.ceilingPrice.listening`; nothing for a program or a server on a private address.' })),
  folders: Type.Optional(Type.Array(Type.String({ maxLength: 500, pattern: '^/' }), { maxItems: 10, description: 'With `cli`: folders it may read, such as that of its model.' })),
}, { description: 'One way to turn sound into words.' })

/** What comes with messages besides words. */
export const mediaSection = defineSection({
  path: 'tools.media',
  title: 'Documents and voice notes that come with messages',
  reload: 'hot',
  schema: Type.Object({
    concurrency: Type.Integer({ default: 2, minimum: 1, maximum: 8, description: 'How many files are read at one time.' }),
    document: Type.Object({
      enabled: Type.Boolean({ default: true, description: 'Whether the text of documents is shown to the assistant: text, Markdown, CSV, JSON, HTML, PDF, Word (docx). They count as strangers’ words.' }),
      maxBytes: Type.Integer({ default: 20_971_520, minimum: 0, description: 'The largest document that is read, in bytes.' }),
      maxChars: Type.Integer({ default: 20_000, minimum: 200, maximum: 200_000, description: 'The most text of one document, in characters.' }),
    }, { default: {}, description: 'Documents.' }),
    video: Type.Object({
      enabled: Type.Boolean({ default: true, description: 'Whether films are looked into, where `ffmpeg` is on the machine: some pictures of them, and what is said. It runs isolated.' }),
      guests: Type.Boolean({ default: false, description: 'Also for guests: it takes work of this machine, and pictures cost tokens.' }),
      maxBytes: Type.Integer({ default: 20_971_520, minimum: 0, description: 'The largest film that is looked into, in bytes. Channels fetch none beyond their `mediaMaxMb`.' }),
      pictures: Type.Integer({ default: 3, minimum: 0, maximum: 8, description: 'How many pictures of one film are shown: one at its beginning, then one every five seconds.' }),
      sound: Type.Boolean({ default: true, description: 'Whether what is said in it is turned into words, as for other sound.' }),
      timeoutSeconds: Type.Integer({ default: 60, minimum: 1, maximum: 300, description: 'How long that may take, in seconds. The answer waits for it.' }),
    }, { default: {}, description: 'Films.' }),
    audio: Type.Object({
      enabled: Type.Boolean({ default: true, description: 'Whether voice notes and sound are turned into words, where there is something that does it.' }),
      scope,
      guests: Type.Boolean({ default: false, description: 'Also for guests: each note costs what the provider takes for it.' }),
      mentions: Type.Boolean({ default: true, description: 'Whether, in groups where only those who address the assistant are answered, voice notes of people who may talk to it are heard for its name (`messages.groupChat.mentionPatterns`). Each of them costs.' }),
      maxBytes: Type.Integer({ default: 20_971_520, minimum: 0, maximum: 26_214_400, description: 'The largest sound that is listened to, in bytes.' }),
      maxChars: Type.Integer({ default: 8_000, minimum: 200, maximum: 200_000, description: 'The most words of one note, in characters.' }),
      timeoutSeconds: Type.Integer({ default: 60, minimum: 1, maximum: 300, description: 'How long one way may take, in seconds. The answer waits for it.' }),
      language: Type.Optional(Type.String({ pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?$', description: 'The language people speak (`de`), where it is always the same. Absent: it is recognised.' })),
      prompt: Type.Optional(Type.String({ maxLength: 800, description: 'Names and words that are likely to be said.' })),
      attachments: Type.Object({
        mode: Type.Union([Type.Literal('first'), Type.Literal('all')], { default: 'first', description: 'Of several in one message: the first, or all.' }),
        maxAttachments: Type.Integer({ default: 4, minimum: 1, maximum: 20, description: 'With `all`: the most of one message.' }),
      }, { default: {}, description: 'Several in one message.' }),
      models: Type.Array(transcriber, { default: [], maxItems: 8, description: 'Who turns sound into words, tried in order. Empty: OpenAI or Groq, where your assistant’s model is theirs and their key is set; else nobody.' }),
    }, { default: {}, description: 'Voice notes and sound.' }),
  }, { default: {} }),
})
export type MediaConfig = Static<typeof mediaSection.schema>
