#!/usr/bin/env node
/**
 * Judges what `docker compose config --format json` prints (standard input): one line `verdict|sentence|what to do` for each question.
 */
import { readFileSync, realpathSync } from 'node:fs'

const { services = {} } = JSON.parse(readFileSync(0, 'utf8'))
const all = Object.entries(services)
const here = (address) => address === '::1' || /^127\./.test(address ?? '')
const say = (found, clean, verdict, sentence, next) => {
  if (found.length === 0) console.log(`pass|${clean}|`)
  for (const each of found) console.log(`${verdict}|${sentence(each)}|${next}`.replaceAll('\n', ' '))
}

say(
  all.flatMap(([name, { ports = [], network_mode: mode }]) => [
    ...ports.filter(({ published, host_ip: address }) => published !== undefined && !here(address)).map(({ published, host_ip: address }) => `${name} publishes ${address ?? 'every address'}:${published}`),
    ...(mode === 'host' ? [`${name} uses the network of the host`] : []),
  ]),
  'Ports of containers are bound to localhost', 'fail', (each) => each, 'Publish on 127.0.0.1 only: "127.0.0.1:18789:18789".',
)
const isSocket = (path) => /(^|\/)(docker|podman|containerd)\.sock$/.test(path ?? '')
const behindLinks = (path) => {
  try {
    return realpathSync(path)
  } catch {
    // Not on this machine: its name is all there is.
    return path
  }
}
say(
  all.flatMap(([name, { volumes = [], environment }]) => [
    ...volumes.filter(({ source, target }) => isSocket(source) || isSocket(target) || (typeof source === 'string' && isSocket(behindLinks(source)))).map(({ source }) => `${name} has ${source}`),
    ...(environment?.DOCKER_HOST === undefined || environment.DOCKER_HOST === null ? [] : [`${name} is told of DOCKER_HOST`]),
  ]),
  'No container can command Docker', 'fail', (each) => `${each}: that is root on this machine`, 'Take the mount out.',
)
say(
  all.flatMap(([name, { volumes = [] }]) => volumes.filter(({ type, source }) => type === 'bind' && /^\/(|etc|root|home|var|usr|boot|proc|sys|dev)\/?$/.test(source ?? '')).map(({ source }) => `${name} has ${source} of this machine`)),
  'No container has a whole folder of the system', 'fail', (each) => each, 'Mount only the state directory.',
)
say(
  all.flatMap(([name, { privileged, cap_add: added = [], pid, security_opt: options = [] }]) => [
    ...(privileged === true ? [`${name} is privileged`] : []), ...(pid === 'host' ? [`${name} sees all processes`] : []),
    ...added.filter((each) => ['ALL', 'SYS_ADMIN', 'SYS_PTRACE', 'NET_ADMIN', 'SYS_MODULE', 'DAC_OVERRIDE'].includes(each.replace(/^CAP_/, ''))).map((each) => `${name} may ${each}`),
    ...options.filter((each) => /unconfined/.test(each)).map((each) => `${name} runs with ${each}`),
  ]),
  'No container has extra rights', 'fail', (each) => each, 'Take the extra right out.',
)
say(all.filter(([, { user }]) => user === undefined || /^(root|0)(:|$)/.test(String(user))).map(([name]) => name), 'Containers name a user that is not root', 'warn', (name) => `${name} names no user, so its image decides`, 'Set user: "1000:1000".')
say(
  all.flatMap(([name, { environment = {} }]) => Object.entries(environment ?? {}).filter(([key, value]) => /(TOKEN|KEY|SECRET|PASSWORD|PASSPHRASE)$/.test(key) && typeof value === 'string' && value !== '').map(([key]) => `${name} has ${key} in its environment`)),
  'No container has a secret in its environment', 'fail', (each) => `${each}: docker inspect shows it to whoever may ask`, 'Keep it in secrets.env or the vault of the mounted state directory.',
)
