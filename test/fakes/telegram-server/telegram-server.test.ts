import { Bot, GrammyError, HttpError } from 'grammy'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, it } from 'vitest'
import { parseHtml, startTelegramServer, type TelegramServer, type TelegramServerOptions } from './index.ts'

const running: { close(): Promise<void> }[] = []
async function start(options?: TelegramServerOptions): Promise<{ server: TelegramServer; bot: Bot }> {
  const server = await startTelegramServer(options)
  running.push(server)
  return { server, bot: new Bot(server.token, { client: { apiRoot: server.apiRoot } }) }
}
afterEach(async () => {
  for (const one of running.splice(0)) await one.close()
})

describe('an unchanged grammY bot', () => {
  it('answers messages, presses and photos as on Telegram', async () => {
    const { server, bot } = await start()
    const anna = server.user(7, { name: 'Anna', username: 'anna' })
    bot.command('start', (ctx) => ctx.reply(`welcome ${ctx.from?.first_name ?? ''}`))
    bot.on('message:photo', async (ctx) => {
      const file = await ctx.getFile()
      await ctx.reply(`got ${file.file_size}`)
    })
    bot.on('callback_query:data', async (ctx) => {
      await ctx.answerCallbackQuery()
      await ctx.editMessageText(`pressed ${ctx.callbackQuery.data}`)
    })
    bot.on('message:text', (ctx) => ctx.reply(`<b>echo</b> ${ctx.message.text}`, { parse_mode: 'HTML', reply_parameters: { message_id: ctx.message.message_id } }))
    const polling = bot.start()
    server.say(anna, '/start')
    expect((await server.nextSent()).text).toBe('welcome Anna')
    const said = server.say(anna, 'hi')
    const echo = await server.nextSent()
    expect(echo).toMatchObject({ text: 'echo hi', replyTo: said.messageId, entities: [{ type: 'bold', offset: 0, length: 4 }] })
    server.sendPhoto(anna, new Uint8Array(64))
    expect((await server.nextSent()).text).toBe('got 64')
    const { callbackId } = server.press(anna, echo, 'yes')
    await server.until(() => echo.text === 'pressed yes', 'the edit')
    expect(server.answeredPresses).toEqual([callbackId])
    await bot.stop()
    await polling
    expect(server.unconfirmed()).toEqual([])
  })

  it('sees the errors it knows from Telegram', async () => {
    const { server, bot } = await start()
    server.user(7)
    await expect(bot.api.sendMessage(8, 'x')).rejects.toMatchObject({ error_code: 400, description: 'Bad Request: chat not found' })
    await expect(bot.api.sendMessage(7, '')).rejects.toMatchObject({ description: 'Bad Request: message text is empty' })
    await expect(bot.api.sendMessage(7, 'x'.repeat(4_097))).rejects.toMatchObject({ description: 'Bad Request: message is too long' })
    await expect(bot.api.sendMessage(7, '<b>x', { parse_mode: 'HTML' })).rejects.toThrow(/can't parse entities/)
    await expect(bot.api.sendMessage(7, 'x', { message_thread_id: 1 })).rejects.toThrow(/thread not found/)
    const { message_id: id } = await bot.api.sendMessage(7, 'x')
    await expect(bot.api.editMessageText(7, id, 'x')).rejects.toThrow(/message is not modified/)
    await bot.api.deleteMessage(7, id)
    await expect(bot.api.deleteMessage(7, id)).rejects.toThrow(/message to delete not found/)
    server.block(7)
    await expect(bot.api.sendMessage(7, 'x')).rejects.toMatchObject({ error_code: 403 })
    server.unblock(7)
    server.fault('sendMessage', { status: 429, description: 'Too Many Requests: retry after 3', retryAfter: 3 })
    await expect(bot.api.sendMessage(7, 'x')).rejects.toMatchObject({ error_code: 429, parameters: { retry_after: 3 } })
    server.revokeToken()
    await expect(bot.api.getMe()).rejects.toBeInstanceOf(GrammyError)
  })

  it('can be failed in every way a network fails', async () => {
    const { server, bot } = await start()
    server.user(7)
    server.fault('sendMessage', { acceptThenReset: true })
    await expect(bot.api.sendMessage(7, 'arrived')).rejects.toBeInstanceOf(HttpError)
    expect(server.sent.map((one) => one.text)).toEqual(['arrived'])
    server.fault('sendMessage', { reset: true })
    await expect(bot.api.sendMessage(7, 'lost')).rejects.toBeInstanceOf(HttpError)
    server.fault('sendMessage', { status: 502 })
    await expect(bot.api.sendMessage(7, 'lost')).rejects.toBeInstanceOf(HttpError)
    await server.goOffline()
    await expect(bot.api.sendMessage(7, 'lost')).rejects.toBeInstanceOf(HttpError)
    await server.goOnline()
    await bot.api.sendMessage(7, 'back')
    expect(server.sent.map((one) => one.text)).toEqual(['arrived', 'back'])
  })
})

describe('updates', () => {
  it('come again until a higher offset confirms them', async () => {
    const { server, bot } = await start()
    const anna = server.user(7)
    const ids = ['a', 'b', 'c'].map((text) => server.say(anna, text).updateId)
    const first = await bot.api.getUpdates({ limit: 2 })
    expect(first.map((update) => update.update_id)).toEqual(ids.slice(0, 2))
    expect((await bot.api.getUpdates({ offset: ids[0] ?? 0 })).length).toBe(3)
    expect((await bot.api.getUpdates({ offset: (ids[1] ?? 0) + 1 })).map((update) => update.update_id)).toEqual([ids[2]])
    expect(server.isConfirmed(ids[1] ?? 0)).toBe(true)
    expect(server.isConfirmed(ids[2] ?? 0)).toBe(false)
  })

  it('end an empty long poll when one arrives, and the older of two polls', async () => {
    const { server, bot } = await start()
    const anna = server.user(7)
    const older = bot.api.getUpdates({ timeout: 30 }).catch((error: unknown) => error)
    await server.until(() => server.counts().calls.getUpdates === 1, 'the first poll')
    const newer = bot.api.getUpdates({ timeout: 30 })
    expect(await older).toMatchObject({ error_code: 409 })
    server.say(anna, 'hello')
    expect((await newer).length).toBe(1)
  })

  it('of kinds nobody asked for are not delivered', async () => {
    const { server, bot } = await start()
    const anna = server.user(7)
    await bot.api.getUpdates({ allowed_updates: ['message'] })
    const said = server.say(anna, 'hello')
    server.edit(said, 'hullo')
    expect((await bot.api.getUpdates()).map((update) => Object.keys(update)[1])).toEqual(['message'])
  })

  it('go to a webhook with the secret, in order within a chat, until answered 200', async () => {
    const { server, bot } = await start({ webhookRetryMs: 1 })
    const [anna, ben] = [server.user(7), server.user(8)]
    const seen: { secret: unknown; text: string }[] = []
    let refusals = 2
    const receiver = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += String(chunk)))
      request.on('end', () => {
        seen.push({ secret: request.headers['x-telegram-bot-api-secret-token'], text: (JSON.parse(body) as { message: { text: string } }).message.text })
        response.writeHead(refusals-- > 0 ? 500 : 200).end()
      })
    }).listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    await bot.api.setWebhook(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`, { secret_token: 's3cret' })
    for (const text of ['1', '2', '3']) server.say(anna, text)
    server.say(ben, 'x')
    await server.until(() => server.unconfirmed().length === 0, 'all deliveries')
    expect(seen.every((one) => one.secret === 's3cret')).toBe(true)
    const annas = seen.map((one) => one.text).filter((text) => text !== 'x')
    expect([...new Set(annas)]).toEqual(['1', '2', '3'])
    await expect(bot.api.getUpdates()).rejects.toMatchObject({ error_code: 409 })
    receiver.close()
    receiver.closeAllConnections()
  })
})

describe('the HTML mode', () => {
  it.each(['<b>x', 'x</b>', '<b><i>x</b></i>', '<div>x</div>', 'a < b', '<span>x</span>', '<'])('refuses %s', (html) => {
    expect(parseHtml(html).ok).toBe(false)
  })
  it('keeps the text and finds the entities', () => {
    expect(parseHtml('a <b>bold <i>both</i></b> &lt;x&gt; <a href="https://e.org?a=1&amp;b=2">l</a> <pre><code class="language-ts">1 &lt; 2</code></pre>')).toEqual({
      ok: true,
      text: 'a bold both <x> l 1 < 2',
      entities: [
        { type: 'bold', offset: 2, length: 9 }, { type: 'italic', offset: 7, length: 4 },
        { type: 'text_link', offset: 16, length: 1, url: 'https://e.org?a=1&b=2' }, { type: 'pre', offset: 18, length: 5, language: 'ts' },
      ],
    })
  })
})

it('runs as a process of its own', async () => {
  const child = spawn('node_modules/.bin/tsx', ['test/fakes/telegram-server/serve.ts', '--token', '99:abc'], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
    const { apiRoot, control, token } = JSON.parse(line) as { apiRoot: string; control: string; token: string }
    const call = async (name: string, ...list: unknown[]): Promise<unknown> => (await fetch(`${control}/${name}`, { method: 'POST', body: JSON.stringify(list) })).json()
    const anna = await call('user', 7, { name: 'Anna' })
    await call('say', anna, 'hello')
    const bot = new Bot(token, { client: { apiRoot } })
    const [update] = await bot.api.getUpdates()
    await bot.api.sendMessage(7, `you said ${update?.message?.text ?? ''}`)
    const state = (await (await fetch(`${control}/state`)).json()) as { sent: { text: string }[] }
    expect(state.sent.map((one) => one.text)).toEqual(['you said hello'])
  } finally {
    child.kill()
    await once(child, 'exit')
  }
})
