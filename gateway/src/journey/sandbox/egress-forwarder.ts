import type { IsolatedProgram } from './isolation.ts'

/** In a network of its own every port is free. */
const ownPort = 3128

/** How programs inside find the way out: a loopback port of their own, handed on to the proxy's socket. */
export const egressInside = {
  socket: '/run/egress.sock',
  /** `port`: where the forwarder listens. Absent: where it does in a network of its own. */
  environment({ user, password }: NonNullable<IsolatedProgram['egress']>, port = ownPort): Record<string, string> {
    const proxy = `http://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}`
    const names = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']
    return { ...Object.fromEntries(names.map((name) => [name, proxy])), no_proxy: 'localhost,127.0.0.1', NO_PROXY: 'localhost,127.0.0.1' }
  },
}

/** Listens, then becomes the command; a child of it carries bytes both ways. Starts in some 10 ms, where Node would need 50. */
const perl = (port: number): string => String.raw`
use IO::Socket::INET; use IO::Socket::UNIX;
my $way = shift @ARGV;
my $door = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => ${port}, Listen => 64, ReuseAddr => 1) or die "no way out: $!";
my $carrier = fork; defined $carrier or die "no way out: $!";
if ($carrier) { close $door; exec { $ARGV[0] } @ARGV; exit 127 }
for (3, 4) { open(my $pipe, '<&=', $_) and close $pipe }
open STDIN, '<', '/dev/null'; open STDOUT, '>', '/dev/null'; open STDERR, '>', '/dev/null';
$SIG{CHLD} = 'IGNORE'; $SIG{PIPE} = 'IGNORE';
sub carry { my ($from, $to) = @_;
  while (sysread $from, my $bytes, 65536) { my $at = 0; while ($at < length $bytes) { my $n = syswrite $to, $bytes, length($bytes) - $at, $at; exit unless $n; $at += $n } }
  shutdown $to, 1 }
while (1) { my $inner = $door->accept or next; next if fork;
  my $outer = IO::Socket::UNIX->new(Peer => $way) or exit;
  if (fork) { carry($inner, $outer) } else { carry($outer, $inner) } exit }
`

const node = (port: number, control: boolean): string => `
const net = require('node:net'); const { spawn } = require('node:child_process')
const door = net.createServer({ allowHalfOpen: true }, (inner) => { const outer = net.connect({ path: process.argv[1], allowHalfOpen: true }); for (const each of [inner, outer]) each.on('error', () => { inner.destroy(); outer.destroy() }); inner.pipe(outer); outer.pipe(inner) })
door.listen(${port}, '127.0.0.1', () => { const child = spawn(process.argv[2], process.argv.slice(3), { stdio: [0, 1, 2${control ? ', 3, 4' : ''}] }); child.on('error', () => process.exit(127)); child.on('exit', (code, signal) => process.exit(code ?? 128 + (require('node:os').constants.signals[signal] ?? 9))) })
`

/** The words that run `words` with the way out open. `perl`: whether this system has one. `control`: the program's descriptors 3 and 4 are handed on. `socket`, `port`: absent, those in a network of its own. */
export function forwarderWords(words: readonly string[], { perl: hasPerl, control, socket = egressInside.socket, port = ownPort }: { perl: boolean; control: boolean; socket?: string; port?: number }): string[] {
  return hasPerl ? ['/usr/bin/perl', '-e', perl(port), socket, ...words] : ['node', '-e', node(port, control), socket, ...words]
}
