import { existsSync } from 'node:fs'

/** What is typed on this system to install a package of its own. */
export function installCommand(name: string): string {
  const managers: readonly (readonly [string, string])[] = [
    ['/usr/bin/apt-get', 'apt-get install -y'], ['/usr/bin/dnf', 'dnf install -y'], ['/usr/bin/pacman', 'pacman -S --noconfirm'], ['/usr/bin/zypper', 'zypper install -y'], ['/sbin/apk', 'apk add'],
  ]
  const [, command] = managers.find(([path]) => existsSync(path)) ?? ['', 'apt-get install -y']
  return `${process.getuid?.() === 0 ? '' : 'sudo '}${command} ${name}`
}
