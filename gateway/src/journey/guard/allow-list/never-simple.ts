/** Words with which a shell's own grammar begins; as a program they would be looked up in one shell and read as grammar in another. */
const reserved = words('if then else elif fi case esac for select while until do done in function time coproc namespace foreach end repeat nocorrect noglob always')

/** What shells do themselves. All of bash's but the four that only say something, and those of the other POSIX shells. */
const builtins = words(`
  alias autoload bg bind bindkey break builtin bye caller cd chdir command compgen complete compopt continue declare dirs disown echotc emulate enable eval exec exit export fc fg float functions
  getopts hash help history integer jobs kill let local log logout mapfile newgrp popd print printf pushd pushln read readarray readonly rehash return sched set setopt shift shopt source stop
  suspend test times trap type typeset ulimit umask unalias unfunction unhash unlimit unset unsetopt vared wait whence where which zle zmodload zparseopts zstyle
`)

/** Programs whose arguments are, or hold, another program; by what they are. */
const runners: readonly (readonly [string, ReadonlySet<string>])[] = [
  ['it is a shell', words('sh bash dash zsh ksh ksh93 mksh oksh pdksh lksh fish csh tcsh rbash rzsh ash hush yash posh elvish nu xonsh pwsh powershell cmd osh ysh')],
  ['it runs the words after it', words(`
    env nice ionice nohup timeout stdbuf setsid setarch linux32 linux64 i386 x86_64 uname26 chrt taskset choom prlimit numactl schedtool xargs parallel rush moreutils chronic script scriptlive flock lckdo
    watch entr inotifywait strace ltrace perf valgrind gdb gdbserver lldb rr bpftrace heaptrack faketime fakeroot fakechroot pseudo proot unshare nsenter chroot capsh setpriv runuser su sudo sudoedit doas pkexec run0 systemd-run
    machinectl systemctl loginctl sg start-stop-daemon daemonize daemon runsv runit chpst s6-setuidgid dumb-init tini catatonit at batch crontab busybox toybox coreutils sbase ubase ld.so ldd
    ssh slogin scp sftp rsync rsh rlogin mosh autossh sshpass socat nc ncat netcat telnet docker podman nerdctl buildah kubectl crictl ctr runc crun lxc incus bwrap firejail qemu wine torsocks proxychains proxychains4
    unbuffer xvfb-run dbus-run-session dbus-launch xinit startx screen tmux dtach abduco zellij byobu reptyr expect autoexpect rlwrap ssh-agent gpg-agent multitime hyperfine retry direnv nix nix-shell guix
    xdg-open open sensible-browser sensible-editor sensible-pager run-parts run-mailcap see tcpserver inetd xinetd stap cpulimit eatmydata nocache
  `)],
  ['it runs what is written in its arguments or files', words(`
    python pypy ipython jython perl raku ruby irb jruby node nodejs deno bun tsx ts-node npx bunx pnpx uvx pipx php hhvm lua luajit tclsh wish awk gawk mawk nawk bwk original-awk goawk sed gsed ssed ed red ex vi vim
    view vimdiff rvim rview gvim nvim emacs emacsclient nano rnano pico joe micro kak helix hx less lesspipe lessfile more most pager man info apropos whatis w3m lynx links elinks m4 dc bc gnuplot sqlite3 sqlite duckdb psql mysql mariadb redis-cli mongosh R
    Rscript julia octave octave-cli maxima gp sage java jshell jrunscript groovy scala kotlin erl escript elixir iex ghc ghci runghc runhaskell ocaml utop sbcl clisp guile racket scheme csi gsi swift dotnet mono
    osascript cscript wscript jjs qjs d8 v8 wasmtime wasmer gjs cjs seed latex tex pdflatex xelatex lualatex luatex ps2pdf gs convert magick mogrify ffmpeg nmap tcpdump zip dpkg rpm rpmbuild snap flatpak
    mail mailx mutt sendmail pdb pydoc idle jupyter ansible ansible-playbook terraform vagrant fzf sk vipe vidir visudo vipw git-shell gitk git-gui tig hg svn fossil bzr p4 cvs
  `)],
]

/** Options of programs that are harmless without them; each long one is meant with all its abbreviations. `=` and what follows is not looked at. */
const runningOptions: Readonly<Record<string, readonly string[]>> = {
  find: ['-exec', '-execdir', '-ok', '-okdir', '-delete', '-fprint', '-fprint0', '-fprintf', '-fls', '-files0-from'],
  fd: ['-x', '-X', '--exec', '--exec-batch'],
  fdfind: ['-x', '-X', '--exec', '--exec-batch'],
  rg: ['--pre', '--hostname-bin', '--search-zip', '-z'],
  ag: ['--pager'],
  ack: ['--pager', '--ackrc'],
  git: ['-c', '-C', '-p', '--config-env', '--exec-path', '--git-dir', '--work-tree', '--paginate', '--upload-pack', '--receive-pack', '--exec', '-O', '--open-files-in-pager', '--ext-diff', '--textconv', '--extcmd', '-x', '-e', '--edit', '--edit-description'],
  tar: ['-I', '-F', '--to-command', '--use-compress-program', '--checkpoint-action', '--info-script', '--new-volume-script', '--rsh-command', '--rmt-command'],
  sort: ['--compress-program', '--files0-from', '-T', '--temporary-directory'],
  jq: ['-L', '--library-path', '-f', '--from-file'],
  bsdtar: ['-I', '-F', '--use-compress-program', '--options'],
  split: ['--filter'],
  sdiff: ['--diff-program', '-o', '--output'],
  date: ['-s', '--set', '-f', '--file'],
  curl: ['-K', '--config', '-o', '-O', '--output', '--remote-name'],
  wget: ['--use-askpass', '-e', '--execute', '--config'],
  make: ['--eval', 'SHELL', '-f', '--file', '--makefile', '-C', '--directory', '-I'],
  tree: ['-o', '-R'],
  ip: ['exec', '-b', '-batch', '-force'],
  openssl: ['engine', '-engine', '-provider', '-provider-path', '-config', 's_client', 's_server', 's_time', 'speed'],
  file: ['-C', '--compile', '-m', '--magic-file', '-z', '-Z', '--uncompress'],
  bat: ['--pager', '--diff'],
  batcat: ['--pager', '--diff'],
  delta: ['--pager'],
}

/**
 * What these programs do is written in the workspace's own files (build rules, hooks, packages), or so many of their options lead
 * elsewhere that nobody can list them: an entry covers one of them only word by word, never with `*`.
 */
const wordByWord = words(`
  git gh glab make gmake bmake cmake ctest ninja meson scons bazel buck just task rake npm pnpm yarn cargo rustc rustup go gofmt gcc g++ cc c++ clang clang++ cpp ld as pip pip3 uv poetry pdm hatch tox nox pytest py.test coverage mypy ruff
  bundle bundler gem rspec composer phpunit mvn gradle ant sbt lein mix rebar3 cabal stack dune opam swiftc tsc eslint prettier jest vitest mocha playwright cypress webpack vite rollup esbuild turbo nx lerna apt apt-get apk dnf yum pacman brew
  tar bsdtar cpio pax unzip 7z 7za curl wget aria2c ack conda mamba
`)

/** Why this program can never be part of a simple command; undefined: it can. `argv` as the shell passes it, with a bare or absolute name. */
export function whyNeverSimple([program = '', ...rest]: readonly string[]): string | undefined {
  const bare = !program.includes('/')
  const name = program.slice(program.lastIndexOf('/') + 1)
  if (bare && reserved.has(name)) return 'it is a word of the shell\'s grammar'
  if (bare && builtins.has(name)) return 'the shell does it itself, and it can change or run something'
  for (const each of namesOf(name)) {
    const found = runners.find(([, names]) => names.has(each))
    if (found !== undefined) return found[0]
  }
  const options = namesOf(name).flatMap((each) => (Object.hasOwn(runningOptions, each) ? (runningOptions[each] ?? []) : []))
  // tar takes its first word for options with or without a dash.
  const given = /tar$/.test(name) && rest[0] !== undefined && !rest[0].startsWith('-') ? [`-${rest[0]}`, ...rest.slice(1)] : rest
  const leads = given.find((word) => options.some((option) => isOption(word, option)))
  return leads === undefined ? undefined : `with ${leads.split('=')[0] ?? ''} it runs, reads or writes something else`
}

/** Whether an entry may cover this program only word by word. */
export function isWordByWord(program: string): boolean {
  return namesOf(program.slice(program.lastIndexOf('/') + 1)).some((name) => wordByWord.has(name))
}

/** A name, and what it is without its version, variant and platform (`python3.11`, `vim.basic`, `gcc-12`, `ld-linux-x86-64.so.2`). */
function namesOf(name: string): string[] {
  const lower = name.toLowerCase().replace(/^(?:x86_64|aarch64|arm|i[3-6]86|riscv64|powerpc64le|s390x)-[a-z0-9_-]*?(?:gnu(?:eabihf)?|musl)-/, '').replace(/-(?:x86_64|aarch64|arm|i[3-6]86|riscv64|powerpc64le|s390x)-[a-z0-9_-]*$/, '').replace(/[-.](?:static|rs|safe|minimal|full)$/, '')
  const base = lower.replace(/\.(?:exe|basic|tiny|nox|gtk3|athena|traditional|openbsd|bin|real|so(?:\.\d+)*)$/, '')
  const stem = base.replace(/[-_.]?\d[\d.]{0,60}[a-z]?$/, '')
  return [...new Set([name, lower, base, stem, stem.replace(/(?<![-_.])[-_.]+$/, ''), base.startsWith('ld-') ? 'ld.so' : base, base.startsWith('qemu-') ? 'qemu' : base, base.startsWith('lxc-') ? 'lxc' : base])]
}

/** A word that is this option: alone, with its value after it, a short one among others, or a long one cut short as GNU programs take it. */
function isOption(word: string, option: string): boolean {
  const [given = ''] = word.split('=')
  if (option.startsWith('--')) return given.length > 2 && (option.startsWith(given) || given === option)
  // Programs like find have long words behind one dash; make takes names.
  if (option.length > 2) return given === option
  return word.startsWith('-') && !word.startsWith('--') && word.includes(option.slice(1))
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/))
}
