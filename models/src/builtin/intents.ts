import { looksLikeSum, workOut } from './arithmetic.ts'
import { dayPattern } from './calendar.ts'

export type Language = 'en' | 'de'

/** What a person wants, with its slots filled. */
export type Intent =
  | { kind: 'greeting' | 'thanks' | 'goodbye' | 'who-are-you' | 'help' | 'add-model' | 'status' | 'notes-list' | 'reminder' | 'time' | 'empty' }
  | { kind: 'note-add'; text: string }
  | { kind: 'notes-find'; text: string }
  | { kind: 'note-remove'; text: string }
  | { kind: 'read'; path: string }
  | { kind: 'list'; path: string }
  | { kind: 'search'; text: string; path: string }
  | { kind: 'write'; path: string; text: string }
  | { kind: 'edit'; path: string; from: string; to: string }
  | { kind: 'sum'; expression: string }
  | { kind: 'fold'; how: 'sum' | 'average' | 'product'; numbers: string }
  | { kind: 'weekday'; day: string }
  | { kind: 'days-between'; from: string; to: string }
  | { kind: 'day-plus'; day: string; amount: number; unit: 'day' | 'week' | 'month' | 'year' }
  | { kind: 'unknown' }

const germanWords = /(?:^|[^\p{L}])(?:ich|und|oder|der|die|das|den|dem|ein|eine|was|wie|wer|ist|sind|bitte|nicht|notiz|notizen|notiere|merk|merke|dir|mir|meine|meinen|suche?|finde|zeige?|lies|schreibe?|liste|hallo|moin|servus|danke|hilfe|rechne|berechne|mal|geteilt|durch|welche|welcher|datei|dateien|ordner|guten|tag|morgen|abend|heute|gestern|tsch[üu]ss|ersetze|erstelle|speichere?|summe|kannst|hast|habe|gibt|modell|wochentag|tage|zwischen|vergiss)(?=[^\p{L}]|$)|[äöüß]/giu
const englishWords = /\b(?:i|and|or|the|a|an|what|how|who|is|are|please|not|note|notes|remember|my|search|find|show|read|write|list|hello|hi|hey|thanks|help|calculate|times|divided|which|file|files|folder|good|today|replace|create|save|sum|can|do|did|you|model|day|days|between|forget|of|to|in|with|for)\b/gi

/** Which language to answer in. */
export function languageOf(text: string): Language {
  const german = text.match(germanWords)?.length ?? 0
  const english = text.match(englishWords)?.length ?? 0
  return german > english ? 'de' : 'en'
}

type Slots = Record<string, string | undefined>
interface Rule { pattern: RegExp; make: (slots: Slots) => Intent | undefined }

const rule = (pattern: string, make: (slots: Slots) => Intent | undefined): Rule => ({ pattern: new RegExp(`^(?:${pattern})[\\s.?!]*$`, 'isu'), make })
const please = '(?:please |bitte |can you |could you |kannst du |könntest du )*(?:please |bitte )?'
const path = '(?<q>[`"\'„“]?)(?<path>[^`"\'„“”:\\n]+?)[`"\'“”]?'
const isPath = (text: string, quoted: boolean): boolean => quoted || /[/\\]|\.[A-Za-z0-9]{1,8}$/.test(text)
const unquoted = (text: string | undefined): string => (text ?? '').trim().replace(/^[`"'„“]([\s\S]*)[`"'“”]$/, '$1').trim()
/** What is looked for, without the question's own mark. */
const asked = (text: string | undefined): string => unquoted((text ?? '').replace(/(?<![\s?!])[\s?!]+$/, ''))
const nonEmpty = (text: string): boolean => text !== ''

/** First match wins; special before general. English and German side by side. */
const rules: readonly Rule[] = [
  rule('(?:hi|hello|hey|howdy|hallo|hey there|hi there|moin(?: moin)?|servus|grüß gott|grüezi|good (?:morning|afternoon|evening|day)|guten (?:morgen|tag|abend))(?: (?:moltbot|bot|assistant|zusammen|there|du))?,?', () => ({ kind: 'greeting' })),
  rule('(?:ok(?:ay)?,? )?(?:thanks?(?: you)?(?: (?:so|very) much| a lot)?|thx|ty|danke(?: schön| dir| sehr)?|vielen dank|merci)', () => ({ kind: 'thanks' })),
  rule('(?:bye(?: bye)?|goodbye|see you(?: later)?|good night|tschüss|tschüß|ciao|auf wiedersehen|bis (?:dann|später|bald)|gute nacht)', () => ({ kind: 'goodbye' })),
  rule('(?:who|what) are you(?: exactly| really)?(?:[,?]* (?:and )?what (?:can|do) you do(?: here| for me)?)?|(?:are you|is this) (?:an? )?(?:ai|llm|language model|chatgpt|claude|human|bot|real).*|which model (?:are you|is this|do you use)|wer (?:bist|sind) (?:du|sie)(?:[,?]* (?:und )?was kannst du(?: alles)?(?: für mich)?(?: tun| machen)?)?|was bist du|bist du (?:ein |eine )?(?:ki|mensch|bot|sprachmodell).*|welches modell (?:bist du|ist das|nutzt du).*', () => ({ kind: 'who-are-you' })),
  rule('.*(?:how|where|what).{0,40}(?:add|set ?up|configure|connect|use|install|change|choose|pick|get|need|put|enter).{0,30}(?:models?|llm|api[ -]?key|provider|ollama|claude|anthropic|gpt|openai|gemini|lm ?studio).*|' + please + '(?:add|set ?up|configure|connect|use|install) (?:a |an |another |the |my )?(?:real |better |language |different |new )*(?:model|llm|api[ -]?key|ollama|claude|gpt|gemini)s?(?: .*)?|.*(?:wie|wo|was).{0,40}(?:modelle?s?|sprachmodell|api[- ]?schlüssel|api[- ]?key|ollama|claude|gpt|gemini|anbieter).{0,40}(?:hinzufügen|einrichten|einstellen|verbinden|nutzen|benutzen|verwenden|wechseln|eintragen|füge|richte|hinzu|ein)?.*|(?:modell|model)(?: hinzufügen| einrichten)?', () => ({ kind: 'add-model' })),
  rule('(?:/?help|hilfe|\\?|' + please + '(?:help|hilf)(?: me| mir)?|what can (?:you|i) do(?: here| for me)?|what (?:do|can) you (?:know|understand)|was kannst du(?: alles)?(?: tun| machen)?|was kann ich (?:hier )?(?:tun|machen|sagen)|how does this work|wie funktioniert das)', () => ({ kind: 'help' })),
  rule(please + '(?:/?(?:show (?:me )?|give me |tell me |zeige? (?:mir )?)?(?:the |your |my |den |deinen )?(?:gateway |system ?)?status(?: of .*| report| bericht)?|(?:what(?:\'s| is) )(?:the |your )?(?:gateway |system )?status|are you (?:up|ok(?:ay)?|healthy|running)|wie ist (?:der|dein) status|läufst du)', () => ({ kind: 'status' })),

  // notes
  rule(please + '(?:find|search(?: for)?|look(?: up| for)?) (?<text>.+?) (?:in|among|through) (?:my |the |all )*notes', ({ text }) => ({ kind: 'notes-find', text: asked(text) })),
  rule(please + '(?:search|look (?:in|through)|check) (?:my |the |all )*notes (?:for|about) (?<text>.+)', ({ text }) => ({ kind: 'notes-find', text: asked(text) })),
  rule('(?:what do (?:my|the) notes say (?:about|on)|do i have (?:a |any )?notes? (?:about|on|for|with)|what (?:do you|did i) (?:remember|note|write down|tell you) about|which notes (?:mention|contain)) (?<text>.+)', ({ text }) => ({ kind: 'notes-find', text: asked(text) })),
  rule(please + '(?:suche?|finde|such mal) (?:nach )?(?<text>.+?) in (?:meinen |den |allen )*notizen', ({ text }) => ({ kind: 'notes-find', text: asked(text) })),
  rule(please + '(?:suche?|schaue?|finde) in (?:meinen |den |allen )*notizen (?:nach )?(?<text>.+)', ({ text }) => ({ kind: 'notes-find', text: asked(text) })),
  rule(please + 'durchsuche (?:meine |die |alle )*notizen nach (?<text>.+)', ({ text }) => ({ kind: 'notes-find', text: asked(text) })),
  rule('(?:was steht in (?:meinen|den) notizen (?:über|zu|zum|zur)|habe ich (?:eine |irgendwelche )?notiz(?:en)? (?:über|zu|zum|zur|mit)|was weißt du über) (?<text>.+)', ({ text }) => ({ kind: 'notes-find', text: asked(text) })),
  rule(please + '(?:(?:what|which) (?:are|were) (?:all )?(?:my|the) notes|what notes (?:do i have|are there|have i got)|(?:show|list|read|give|tell)(?: me)?(?: all)?(?: of)?(?: my| the)? notes|(?:all )?my notes|notes|what (?:do|did) you (?:remember|note)(?: for me| so far)?|what (?:have|did) i (?:ask|told?|tell) you to remember)', () => ({ kind: 'notes-list' })),
  rule(please + '(?:was sind (?:alle )?meine notizen|welche notizen (?:habe ich|gibt es)|(?:zeige?|liste|lies|nenne?)(?: mir)?(?: alle)?(?: meine| die)? notizen(?: auf| an| vor)?|(?:alle )?meine notizen|notizen|was hast du dir (?:alles )?(?:gemerkt|notiert)|was soll(?:te|test)? (?:ich|du) (?:mir|dir)? ?(?:alles )?merken)', () => ({ kind: 'notes-list' })),
  rule(please + '(?:delete|remove|erase|forget) (?:the |my |this |that )?notes? ?(?:about|on|saying|that says|:)? ?(?<text>.*)|(?:lösche?|entferne|vergiss) (?:die |meine |diese )?notiz(?:en)? ?(?:über|zu|mit|:)? ?(?<text2>.*)', ({ text, text2 }) => ({ kind: 'note-remove', text: unquoted(text ?? text2) })),
  rule(please + '(?:remind me|wake me|set (?:an? )?(?:alarm|reminder|timer)|erinnere? mich|weck(?:e)? mich|stell(?:e)? (?:einen |mir einen )?(?:wecker|timer|alarm)).*', () => ({ kind: 'reminder' })),
  rule(please + '(?:(?:make|take|add|write|save|create) )?(?:me )?(?:an? )?(?:new |quick )?note(?: down| to self| for me)?(?: that|:| -|,)\\s*(?<text>.+)', ({ text }) => ({ kind: 'note-add', text: unquoted(text) })),
  rule(please + '(?:(?:make|take|add|write|save|create) (?:me )?(?:an? )?(?:new |quick )?note (?:of|about|to)?|note down|jot down|write down)[: ]\\s*(?<text>.+)', ({ text }) => ({ kind: 'note-add', text: unquoted(text) })),
  rule(please + '(?:remember|don\'?t forget|do not forget|keep in mind|memori[sz]e)(?: this| for me)?(?: that|:|,)?\\s+(?<text>.+)', ({ text }) => ({ kind: 'note-add', text: unquoted(text) })),
  rule(please + '(?:notiz|neue notiz|notiere?(?: dir| bitte| mir)*|(?:mache?|schreibe?|lege?) (?:mir )?eine notiz(?: an)?|merke? dir(?: bitte)?|schreibe? (?:dir |mir )?auf|vergiss (?:bitte )?nicht|denke? (?:bitte )?(?:daran|dran))(?:,? dass|:|,| -)?\\s+(?<text>.+)', ({ text }) => ({ kind: 'note-add', text: unquoted(text) })),

  // files
  rule(please + '(?:replace|change|swap) (?<from>"[^"]+"|\'[^\']+\'|`[^`]+`|\\S.*?) (?:with|by|to|into) (?<to>"[^"]*"|\'[^\']*\'|`[^`]*`|\\S.*?) (?:in|inside) (?:the )?(?:file )?' + path, ({ from, to, path: file }) => ({ kind: 'edit', from: unquoted(from), to: unquoted(to), path: unquoted(file) })),
  rule(please + 'ersetze (?<from>"[^"]+"|„[^“”]+[“”]|\'[^\']+\'|`[^`]+`|\\S.*?) (?:durch|mit) (?<to>"[^"]*"|„[^“”]*[“”]|\'[^\']*\'|`[^`]*`|\\S.*?) in (?:der )?(?:datei )?' + path, ({ from, to, path: file }) => ({ kind: 'edit', from: unquoted(from), to: unquoted(to), path: unquoted(file) })),
  rule(please + '(?:write|save|create|make)(?: (?:to|into|in|a|the|an?|new|text))*(?: file)?(?: named| called)? (?:to |into )?' + path + '(?:\\s*:\\s*|\\s+(?:with|containing|that says|saying)(?: the)?(?: content| contents| text)?\\s*:?\\s+)(?<text>[\\s\\S]+)', ({ path: file, q, text }) => (isPath(file ?? '', q !== '') ? { kind: 'write', path: unquoted(file), text: unquoted(text) } : undefined)),
  rule(please + '(?:write|save|put|store) (?<text>[\\s\\S]+?) (?:to|into|in) (?:the |a )?(?:new )?(?:file )?' + path, ({ path: file, q, text }) => (isPath(file ?? '', q !== '') ? { kind: 'write', path: unquoted(file), text: unquoted(text) } : undefined)),
  rule(please + '(?:schreibe?|speichere?|erstelle|lege?)(?: (?:in|nach|die|eine|eine neue|neue))*(?: datei)?(?: namens)? ' + path + '(?: an)?(?:\\s*:\\s*|\\s+mit(?: dem)?(?: inhalt| text)?\\s*:?\\s+)(?<text>[\\s\\S]+)', ({ path: file, q, text }) => (isPath(file ?? '', q !== '') ? { kind: 'write', path: unquoted(file), text: unquoted(text) } : undefined)),
  rule(please + '(?:schreibe?|speichere?) (?<text>[\\s\\S]+?) (?:in|nach) (?:die |eine )?(?:neue )?(?:datei )?' + path, ({ path: file, q, text }) => (isPath(file ?? '', q !== '') ? { kind: 'write', path: unquoted(file), text: unquoted(text) } : undefined)),
  rule(please + '(?:(?:list|show)(?: me)?(?: all)?(?: of)?(?: the| my| your)?(?: workspace)? (?:files|folders|directories|workspace)|what(?:\'s| is) in (?:the|my|your) (?:workspace|folder)|(?:what|which) files (?:are there|do (?:i|you|we) have|are here|exist)|ls|dir)(?: (?:are )?(?:in|under|of|inside) (?:the )?(?:folder |directory )?' + path + '| (?<path2>[\\w./-]+))?', ({ path: file, path2 }) => ({ kind: 'list', path: unquoted(file ?? path2) || '.' })),
  rule(please + '(?:(?:zeige?|liste)(?: mir)?(?: alle)?(?: die| meine)? (?:dateien|ordner)(?: auf| an)?|welche dateien (?:gibt es|habe ich|sind da|hast du)|was ist im (?:arbeits)?(?:ordner|bereich|verzeichnis))(?: (?:in|im|unter)(?: dem)?(?: ordner| verzeichnis)? ' + path + ')?(?: auf| an)?', ({ path: file }) => ({ kind: 'list', path: unquoted(file) || '.' })),
  rule(please + '(?:read|open|show|cat|display|print|view)(?: me)?(?: the)?(?: contents? of)?(?<file> (?:the )?file)?(?: named| called)? ' + path + '(?: to me)?', ({ path: name, q, file }) => (isPath(name ?? '', q !== '' || file !== undefined) ? { kind: 'read', path: unquoted(name) } : undefined)),
  rule('(?:what(?:\'s| is| does)(?: in| the content of)?|was steht in(?: der)?)(?<file>(?: the| der)? (?:file|datei))? ' + path + '(?: say| contain)?', ({ path: name, q, file }) => (isPath(name ?? '', q !== '' || file !== undefined) ? { kind: 'read', path: unquoted(name) } : undefined)),
  rule(please + '(?:lies|öffne|zeige?|lese)(?: mir)?(?: bitte)?(?: den inhalt von)?(?<file>(?: die| der)? datei)? ' + path + '(?: vor| an)?', ({ path: name, q, file }) => (isPath(name ?? '', q !== '' || file !== undefined) ? { kind: 'read', path: unquoted(name) } : undefined)),
  rule(please + '(?:search|grep|look)(?: (?:through |in )?(?:all )?(?:my |the |your )?files)? (?:for )(?<text>.+?)(?: in (?:the )?(?:folder |file |directory )?(?<path>[^\\s]+[/.][^\\s]*|my files|the files|all files|the workspace))?', searchFrom),
  rule(please + '(?:find|search|grep) (?:(?:files|lines|text) (?:with|containing|that (?:contain|mention)) |all )?(?<text>.+?)(?: in (?:the )?(?:folder |file |directory )?(?<path>[^\\s]+[/.][^\\s]*|my files|the files|all files|the workspace))', searchFrom),
  rule(please + '(?:find|search|grep) (?:(?:files|lines|text) (?:with|containing|that (?:contain|mention)) )(?<text>.+?)', searchFrom),
  rule('(?:where (?:is|did i (?:write|mention|put))|which files? (?:contains?|mentions?)) (?<text>.+)', searchFrom),
  rule(please + '(?:suche?|finde|such mal|durchsuche (?:alle |meine |die )*dateien)(?: in (?:meinen |allen |den )*dateien)?(?: nach)? (?<text>.+?)(?: in(?: der| dem)?(?: datei| ordner)? (?<path>[^\\s]+[/.][^\\s]*|(?:meinen|allen|den) dateien))?', searchFrom),
  rule('(?:wo steht|in welchen? dateie?n? (?:steht|kommt)) (?<text>.+?)(?: vor)?', searchFrom),

  // days
  rule('(?:what|which)(?: week)? ?day (?:of the week )?(?:is|was|will be|falls on)(?: it)?(?: on)?(?: the)? (?<day>' + dayPattern + '|today|tomorrow|yesterday)(?: on| be)?|(?:welcher|was für ein) (?:wochen)?tag (?:ist|war|wird)(?: am| der)? (?<day2>' + dayPattern + '|heute|morgen|gestern)', ({ day, day2 }) => ({ kind: 'weekday', day: day ?? day2 ?? '' })),
  rule('what(?:\'s| is) (?:the (?:date|day)(?: (?:of )?today)?|today(?:\'s date)?|tomorrow(?:\'s date)?)|what day is (?:it|today)(?: today)?|which day is (?:it|today)|(?:welches datum|der wievielte|welcher tag|was)(?: (?:ist|haben wir))? (?:ist )?(?:heute|morgen)', () => ({ kind: 'weekday', day: 'today' })),
  rule('(?:what time is it|what(?:\'s| is) the time|wie (?:spät|viel uhr) ist es|wieviel uhr ist es|uhrzeit)(?: now| right now| jetzt| gerade)?', () => ({ kind: 'time' })),
  rule('(?:how many )?days (?:are there )?(?:between|from) (?<from>' + dayPattern + '|today|tomorrow) (?:and|to|until|till) (?<to>' + dayPattern + '|today|tomorrow)|(?:wie viele )?tage (?:liegen )?(?:zwischen|vom?|von) (?:dem )?(?<from2>' + dayPattern + '|heute|morgen) (?:und|bis)(?: zum| dem)? (?<to2>' + dayPattern + '|heute|morgen)', ({ from, to, from2, to2 }) => ({ kind: 'days-between', from: from ?? from2 ?? '', to: to ?? to2 ?? '' })),
  rule('(?:how many days (?:are (?:there )?|is it )?(?:until|till|to)|wie viele tage (?:sind es )?(?:noch )?bis(?: zum)?) (?<to>' + dayPattern + ')', ({ to }) => ({ kind: 'days-between', from: 'today', to: to ?? '' })),
  rule('(?:what(?:\'s| is)(?: the date)? |was ist |which day is )?(?<amount>\\d{1,5}) (?<unit>days?|weeks?|months?|years?|tage?|wochen?|monate?|jahre?) (?<way>after|from|before|nach|vor)(?: dem)? (?<day>' + dayPattern + '|today|now|heute)', dayPlus),
  rule('(?:what(?:\'s| is) |was ist )?(?<day>' + dayPattern + '|today|heute)\\s*(?<way>\\+|-|plus|minus)\\s*(?<amount>\\d{1,5}) (?<unit>days?|weeks?|months?|years?|tage?|wochen?|monate?|jahre?)', dayPlus),

  // sums
  rule(please + '(?:what(?:\'s| is) (?:the )?|calculate (?:the )?|compute (?:the )?|was ist (?:die |der |das )?|berechne (?:die |den |das )?)?(?:(?<sum>sum|total|summe)|(?<average>average|mean|durchschnitt|mittelwert)|(?<product>product|produkt)) (?:of|von|aus) (?<numbers>[\\d\\s.,;+andu-]+)', foldFrom),
  rule(please + '(?:add|addiere|zähle)(?: up)? (?<numbers>[\\d.]+(?:\\s*(?:,|and|und)\\s*[\\d.]+)+)(?: zusammen| together)?', ({ numbers }) => ({ kind: 'fold', how: 'sum', numbers: numbers ?? '' })),
]

function searchFrom({ text, path: where }: Slots): Intent | undefined {
  const found = asked(text)
  if (!nonEmpty(found)) return undefined
  const folder = where === undefined || /files|dateien|workspace/i.test(where) ? '.' : unquoted(where)
  return { kind: 'search', text: found, path: folder }
}

function dayPlus({ amount, unit, way, day }: Slots): Intent | undefined {
  const back = way === 'before' || way === 'vor' || way === '-' || way === 'minus'
  const kind = /^(?:d|t)/i.test(unit ?? '') ? 'day' : /^w/i.test(unit ?? '') ? 'week' : /^m/i.test(unit ?? '') ? 'month' : 'year'
  return { kind: 'day-plus', day: day ?? '', amount: Number(amount) * (back ? -1 : 1), unit: kind }
}

function foldFrom({ average, product, numbers }: Slots): Intent | undefined {
  return { kind: 'fold', how: average !== undefined ? 'average' : product !== undefined ? 'product' : 'sum', numbers: numbers ?? '' }
}

/** Reads one message. Never guesses beyond its rules: what fits none is `unknown`. */
export function intentOf(message: string): Intent {
  // Groups put who and when in front, in brackets.
  const text = message.replace(/^\[[^\]\n]{1,200}\]\s*/, '').trim().slice(0, 20_000)
  if (text === '') return { kind: 'empty' }
  const whole = intentIn(text)
  // "Hello! What is …": people greet before they ask.
  const afterGreeting = whole.kind === 'unknown' ? greetingHead.exec(text) : null
  return afterGreeting === null ? whole : intentIn(text.slice(afterGreeting[0].length))
}

const greetingHead = /^(?:hi|hello|hey|hallo|moin|servus|good (?:morning|afternoon|evening|day)|guten (?:morgen|tag|abend))(?: (?:moltbot|there|du))?[,!.]\s+(?=\S)/i

function intentIn(text: string): Intent {
  const sum = sumIn(text)
  if (sum !== undefined) return sum
  for (const { pattern, make } of rules) {
    // Long texts are only ever things to keep or write; the other rules need not see them.
    const match = pattern.exec(text.length > 600 ? `${text.slice(0, 600)}` : text)
    if (match === null) continue
    const whole = text.length > 600 ? pattern.exec(text) : match
    const intent = whole === null ? undefined : make(whole.groups ?? {})
    if (intent !== undefined) return intent
  }
  return { kind: 'unknown' }
}

const sumHead = /^(?:please |bitte )?(?:what(?:'s| is)|how much is|calculate|compute|calc|work out|solve|evaluate|was ist|was ergibt|wie viel (?:ist|sind|ergibt)|wieviel (?:ist|sind)|rechne(?: bitte)?(?: aus)?|berechne)?:?\s*/i

function sumIn(text: string): Intent | undefined {
  if (text.length > 500 || !/\d/.test(text)) return undefined
  const body = text.replace(sumHead, '').replace(/(?<![\s=?!.])[\s=?!.]*$/, (end) => (end.startsWith('!') ? '!' : '')).replace(/(?<!\s)\s+(?:aus|please|bitte)$/i, '')
  const expression = body
    .replace(/\bdivided by\b|\bgeteilt durch\b|\bdurch\b|\bover\b/gi, '/')
    .replace(/\bmultiplied by\b|\btimes\b|\bmal\b/gi, '*')
    .replace(/\bplus\b/gi, '+').replace(/\bminus\b/gi, '-')
    .replace(/\bto the power of\b|\bhoch\b/gi, '^')
    .replace(/\bsquared\b|\bzum quadrat\b/gi, '^2').replace(/\bcubed\b/gi, '^3')
    .replace(/\b(?:the )?square root of (\d+(?:[.,]\d+)?)|\b(?:die )?wurzel (?:von|aus) (\d+(?:[.,]\d+)?)/gi, (_all, en: string | undefined, de: string | undefined) => `sqrt(${en ?? de ?? ''})`)
    .replace(/\bpercent\b|\bper cent\b|\bprozent\b/gi, '%')
    .replace(/%\s*(?:of|von)\b/gi, '% of').replace(/\bvon\b/gi, 'of')
    .trim()
  if (!looksLikeSum(expression)) return undefined
  const worked = workOut(expression, false)
  return worked.ok || worked.reason !== 'syntax' || workOut(expression, true).ok ? { kind: 'sum', expression } : undefined
}
