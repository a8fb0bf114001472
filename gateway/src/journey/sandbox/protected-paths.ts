import { Problem } from '@moltbot/contract'

/** Our own unfinished writes; hidden from listings and never named by anyone else. */
export const temporaryName = /^\.moltbot-[a-z0-9_-]+\.tmp$/i

/** Hidden files that configure nothing and run nothing. */
const harmlessHidden: readonly string[] = ['.gitignore', '.gitkeep']
/** Folders at the root whose content is loaded and obeyed or run without anyone asking. */
const loadedFolders: readonly string[] = ['skills', 'hooks', 'node_modules']

/** Files that hold keys by custom, in whatever folder. */
const keyNames: readonly RegExp[] = [
  /^\.env(?:\..*)?$/, /^\.envrc$/, /^\.(?:npmrc|netrc|pgpass|git-credentials|pypirc|htpasswd|my\.cnf)$/, /^_netrc$/, /^id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?$/,
  /\.(?:pem|key|p12|pfx|jks|keystore|kdbx|age|gpg)$/, /^secrets\.env$/, /^(?:auth-profiles|creds|credentials)\.json$/,
]
const keyFolders: readonly string[] = ['.ssh', '.aws', '.gnupg', '.kube', '.docker', '.azure', '.gcloud']

function plain(step: string): string {
  return step.normalize('NFKC').toLowerCase()
}

/**
 * Reading is refused for files that hold keys by custom (`.env*`, private keys, `.ssh/`, `.git/config` …): what is read goes
 * to the model's provider. Compared without case and after compatibility folding, since some file systems see them so.
 */
export function holdsKeys(steps: readonly string[]): boolean {
  const names = steps.map(plain)
  const last = names.at(-1) ?? ''
  return names.some((name) => keyFolders.includes(name)) || keyNames.some((pattern) => pattern.test(last)) || (names.includes('.git') && (last === 'config' || last === 'credentials'))
}

/**
 * Writing is also refused for every hidden file and folder (shells, git, editors and package managers run or obey what they
 * find there: `.git/hooks`, `.bashrc`, `.npmrc`, `.vscode`, `.mcp.json`), but `.gitignore` and `.gitkeep`; and for folders at
 * the root whose content is obeyed by itself (`skills`, `hooks`, `node_modules`).
 */
export function refuseProtected(steps: readonly string[], doing: 'read' | 'write' | 'write-by-hand'): void {
  if (holdsKeys(steps)) throw protectedPath(steps, 'files like this one hold keys')
  if (doing === 'read') return
  const names = steps.map(plain)
  if (names.some((name, index) => name.startsWith('.') && !(index === names.length - 1 && harmlessHidden.includes(name)))) {
    throw protectedPath(steps, 'hidden files configure or start programs')
  }
  // A person who writes there by their own hand is who decides what is obeyed.
  if (doing === 'write' && loadedFolders.includes(names[0] ?? '')) throw protectedPath(steps, 'what stands there is loaded by itself')
}

function protectedPath(steps: readonly string[], why: string): Problem {
  return new Problem('path-protected', `${steps.join('/')} is protected: ${why}.`, { next: 'Ask the person to do this themselves, or use another name.' })
}
