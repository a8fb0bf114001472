import { Problem, type CommandRequest } from '@moltbot/contract'

/** A shell's own text. What does not fit into one word of a program's arguments on Linux (128 KiB) could never run. */
const commandBytesMax = 100_000
const wordsMax = 1_000
const namesMax = 64
const valueMax = 8_192

/**
 * Names that steer loaders, shells, interpreters, tools and proxies. The environment of a command is made from nothing; what a call
 * adds to it must not be one of these.
 */
const reserved = new RegExp(`^(?:${[
  'PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'PWD', 'OLDPWD', 'TMPDIR', 'TMP', 'TEMP', 'TERM', 'TERMCAP', 'TERMINFO.*', 'ENV', 'IFS', 'PS[0-9]', 'PROMPT_COMMAND', 'CDPATH', 'GLOBIGNORE', 'SHELLOPTS', 'BASHOPTS', 'BASH.*', 'HIST.*', 'INPUTRC',
  'LD_.*', 'DYLD_.*', 'GCONV_PATH', 'LOCPATH', 'LOCALDOMAIN', 'NLSPATH', 'MALLOC_.*', 'GLIBC_.*', 'RES_OPTIONS', 'HOSTALIASES', 'RESOLV_.*', 'LIBPATH', 'SHLIB_PATH',
  'NODE_.*', 'NPM_.*', 'YARN_.*', 'PNPM_.*', 'BUN_.*', 'DENO_.*', 'PYTHON.*', 'PIP_.*', 'UV_.*', 'VIRTUAL_ENV', 'CONDA_.*', 'PERL.*', 'RUBY.*', 'GEM_.*', 'BUNDLE_.*', 'PHP.*', 'LUA_.*', 'JAVA_.*', '_JAVA_OPTIONS', 'JDK_.*', 'MAVEN_.*', 'GRADLE_.*', 'CLASSPATH',
  'RUST.*', 'CARGO_.*', 'GO(?:PATH|ROOT|FLAGS|PROXY|TOOLCHAIN|ENV|BIN)', 'CGO_.*', 'DOTNET_.*', 'COMPLUS_.*', 'CORECLR_.*', 'R_.*', 'JULIA_.*', 'ERL_.*', 'ELIXIR_.*', 'OCAML.*',
  'CC', 'CXX', 'CPP', 'LD', 'AS', 'AR', 'CFLAGS', 'CXXFLAGS', 'LDFLAGS', 'MAKE.*', 'CMAKE_.*', 'PKG_CONFIG.*', 'COMPILER_PATH', 'LIBRARY_PATH', 'C_INCLUDE_PATH',
  'GIT_.*', 'SSH_.*', 'GPG_.*', 'GNUPGHOME', 'EDITOR', 'VISUAL', 'PAGER', 'MANPAGER', 'BROWSER', 'LESS.*', 'MORE', 'SUDO_.*', 'XDG_.*', 'DBUS_.*', 'DISPLAY', 'WAYLAND_.*', 'XAUTHORITY',
  '.*_PROXY', 'OPENSSL_.*', 'SSL_.*', 'CURL_.*', 'REQUESTS_CA_BUNDLE', 'SSLKEYLOGFILE',
  'AWS_.*', 'GOOGLE_.*', 'GCLOUD_.*', 'CLOUDSDK_.*', 'AZURE_.*', 'DOCKER_.*', 'KUBE.*', 'VAULT_.*', 'MOLTBOT.*', 'CLAWDBOT.*', 'OPENCLAW.*',
].join('|')})$`, 'i')

/** Whether a call may set this name. */
export function mayBeSet(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) && !reserved.test(name)
}

/** What a request would run, checked; throws `Problem('command-refused')`. */
export function commandWords(request: Pick<CommandRequest, 'command' | 'env'>, shell: readonly string[]): { words: string[]; shown: string; env: Record<string, string> } {
  const given = typeof request.command === 'string' ? [request.command] : [...request.command]
  if (given.length === 0 || given.length > wordsMax || (given[0] ?? '').trim() === '') throw refused('there is nothing to run')
  for (const word of given) {
    if (word.includes('\0')) throw refused('it contains a NUL character')
    if (!word.isWellFormed()) throw refused('it is not valid text')
    if (/[\u202a-\u202e\u2066-\u2069]/.test(word)) throw refused('it contains characters that turn the direction of the text around')
  }
  if (Buffer.byteLength(given.join(' ')) > commandBytesMax) throw refused(`it is longer than ${commandBytesMax / 1_000} kB`)
  const env = Object.entries(request.env ?? {})
  if (env.length > namesMax) throw refused(`it sets more than ${namesMax} names`)
  for (const [name, value] of env) {
    if (!mayBeSet(name)) throw refused(`the name ${JSON.stringify(name.slice(0, 64))} in its environment is reserved`)
    if (value.includes('\0') || !value.isWellFormed() || value.length > valueMax) throw refused(`the value of ${name} cannot be passed on`)
  }
  return { words: typeof request.command === 'string' ? [...shell, request.command] : given, shown: given.join(' '), env: Object.fromEntries(env) }
}

function refused(why: string): Problem {
  return new Problem('command-refused', `This command is not run: ${why}.`, { next: 'Put long texts into a file with the write tool and run that; leave the environment to the command itself.' })
}
