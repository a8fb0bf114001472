import { expect, it } from 'vitest'
import { addressesElsewhere, linkOf, loginPage, reachOf, readAddresses } from './device-address.ts'

it('tells an address that a telephone reaches from one that only this machine does', () => {
  expect(['https://box.tailnet.ts.net/', 'http://192.168.1.5:18789/', 'http://localhost:18789/', 'http://127.0.0.9/', 'http://[::1]/', 'javascript:alert(1)', 'box', 'https://a:b@box/', ''].map(reachOf))
    .toEqual(['good', 'plain', 'this-machine', 'this-machine', 'this-machine', 'broken', 'broken', 'broken', 'broken'])
})

it('offers the address the page is open at, and those at which the gateway says it answers', () => {
  const told = [{ url: 'https://box.tailnet.ts.net/', trusted: true }, { url: 'https://192.168.1.5:18789/', trusted: false }]
  expect(addressesElsewhere('http://localhost:18789/#/people', told)).toEqual(told)
  expect(addressesElsewhere('http://127.0.0.1:18789/moltbot/', [])).toEqual([])
  expect(addressesElsewhere('https://box.example/moltbot/?x=1#/people', told).map(({ url }) => url)).toEqual(['https://box.example/moltbot/', 'https://box.tailnet.ts.net/', 'https://192.168.1.5:18789/'])
  expect(addressesElsewhere('https://192.168.1.5:18789/#/people', told)).toEqual([told[1], told[0]])
})

it('reads what the gateway says, and takes no address that leads nowhere or elsewhere', () => {
  expect(readAddresses({ addresses: [{ url: 'https://box.example/', trusted: true }, { url: 'http://localhost/', trusted: true }, { url: 'javascript:alert(1)' }, {}], silent: ['gone.example', 7], onlyHere: true }))
    .toEqual({ addresses: [{ url: 'https://box.example/', trusted: true }], silent: ['gone.example'], onlyHere: true })
  expect(readAddresses(null)).toEqual({ addresses: [], silent: [], onlyHere: false })
})

it('puts the code into the address, whatever stood behind it', () => {
  expect(linkOf('https://box.example/moltbot', 'link-x')).toBe('https://box.example/moltbot/?token=link-x')
  expect(linkOf('https://box.example/?token=old#/home', 'link-x')).toBe('https://box.example/?token=link-x')
})

it('names the page where the code is typed by hand', () => {
  expect(['https://box.example/moltbot?x=1#/people', 'http://192.168.1.5:18789/'].map(loginPage)).toEqual(['https://box.example/moltbot/login', 'http://192.168.1.5:18789/login'])
})
