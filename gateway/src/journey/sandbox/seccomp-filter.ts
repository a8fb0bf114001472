/**
 * What a sandboxed program may not ask of the kernel, as the bytes of a classic BPF program. A deny list: everything that
 * makes namespaces, mounts, loads code into the kernel, looks into other programs, types into a terminal, or speaks a
 * protocol family nobody needs. Numbers are the kernel's own tables (`syscall_64.tbl`, `asm-generic/unistd.h`).
 */

export type SeccompArchitecture = 'x64' | 'arm64'

/** One comparison of the low 32 bits of an argument; all of a rule's must hold. */
type Test =
  | { argument: number; mask: number }
  | { argument: number; equals: number }
  | { argument: number; noneOf: readonly number[] }

interface Rule {
  name: string
  /** The call's number; null: this architecture has none. */
  x64: number | null
  arm64: number | null
  when?: readonly Test[]
  error: number
}

const EPERM = 1
const ENOSYS = 38
const EAFNOSUPPORT = 97

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const newNamespaces = 0x7e02_0000
/** The same and CLONE_NEWTIME, whose bit is part of the exit signal in `clone`. */
const newNamespacesOrTime = 0x7e02_0080
/** S_ISUID and S_ISGID: a program made so would run as the gateway's user for anyone on the host. */
const setIdBits = 0o6000
/** O_CREAT and O_TMPFILE: only then is the mode argument one. */
const creates = 0o20000100
const TIOCSTI = 0x5412
const TIOCLINUX = 0x541c
/** AF_UNIX, AF_INET, AF_INET6: all that is left without a network is a socket file and the loopback of its own. */
const families = [1, 2, 10]
/** PER_LINUX and the question for the current one. */
const personalities = [0, 0xffff_ffff]

const never = (name: string, x64: number | null, arm64: number | null, error = EPERM): Rule => ({ name, x64, arm64, error })
const when = (name: string, x64: number | null, arm64: number | null, tests: readonly Test[], error = EPERM): Rule => ({ name, x64, arm64, when: tests, error })

export const seccompRules: readonly Rule[] = [
  when('clone', 56, 220, [{ argument: 0, mask: newNamespaces }]),
  // Its flags are in memory where no filter can look: libraries fall back on `clone`.
  never('clone3', 435, 435, ENOSYS),
  when('unshare', 272, 97, [{ argument: 0, mask: newNamespacesOrTime }]),
  never('setns', 308, 268),

  never('mount', 165, 40), never('umount2', 166, 39), never('pivot_root', 155, 41), never('chroot', 161, 51), never('open_tree', 428, 428), never('move_mount', 429, 429),
  never('fsopen', 430, 430), never('fsconfig', 431, 431), never('fsmount', 432, 432), never('fspick', 433, 433), never('mount_setattr', 442, 442), never('open_tree_attr', 467, 467),
  never('statmount', 457, 457, ENOSYS), never('listmount', 458, 458, ENOSYS),
  never('name_to_handle_at', 303, 264), never('open_by_handle_at', 304, 265), never('fanotify_init', 300, 262), never('fanotify_mark', 301, 263),
  never('swapon', 167, 224), never('swapoff', 168, 225), never('quotactl', 179, 60), never('quotactl_fd', 443, 443), never('acct', 163, 89),

  never('ptrace', 101, 117), never('process_vm_readv', 310, 270), never('process_vm_writev', 311, 271), never('kcmp', 312, 272), never('pidfd_getfd', 438, 438), never('process_madvise', 440, 440),

  never('add_key', 248, 217), never('request_key', 249, 218), never('keyctl', 250, 219),
  never('bpf', 321, 280), never('perf_event_open', 298, 241), never('userfaultfd', 323, 282), never('lookup_dcookie', 212, 18),
  never('io_uring_setup', 425, 425, ENOSYS), never('io_uring_enter', 426, 426, ENOSYS), never('io_uring_register', 427, 427, ENOSYS),
  // Files in memory that no limit of a process counts; programs fall back on files under /tmp or /dev/shm, whose size is set.
  never('memfd_create', 319, 279, ENOSYS), never('memfd_secret', 447, 447, ENOSYS),
  never('kexec_load', 246, 104), never('kexec_file_load', 320, 294), never('init_module', 175, 105), never('finit_module', 313, 273), never('delete_module', 176, 106),
  never('create_module', 174, null), never('get_kernel_syms', 177, null), never('query_module', 178, null), never('nfsservctl', 180, 42), never('_sysctl', 156, null), never('uselib', 134, null), never('sysfs', 139, null),
  never('iopl', 172, null), never('ioperm', 173, null), never('modify_ldt', 154, null),
  never('reboot', 169, 142), never('settimeofday', 164, 170), never('clock_settime', 227, 112), never('clock_adjtime', 305, 266), never('adjtimex', 159, 171),
  never('syslog', 103, 116), never('sethostname', 170, 161), never('setdomainname', 171, 162), never('vhangup', 153, 58),
  never('migrate_pages', 256, 238), never('move_pages', 279, 239), never('mbind', 237, 235), never('set_mempolicy', 238, 237), never('set_mempolicy_home_node', 450, 450),
  when('personality', 135, 92, [{ argument: 0, noneOf: personalities }]),

  when('ioctl', 16, 29, [{ argument: 1, equals: TIOCSTI }]), when('ioctl', 16, 29, [{ argument: 1, equals: TIOCLINUX }]),
  when('socket', 41, 198, [{ argument: 0, noneOf: families }], EAFNOSUPPORT),
  when('socketpair', 53, 199, [{ argument: 0, noneOf: families }], EAFNOSUPPORT),

  when('chmod', 90, null, [{ argument: 1, mask: setIdBits }]), when('fchmod', 91, 52, [{ argument: 1, mask: setIdBits }]), when('fchmodat', 268, 53, [{ argument: 2, mask: setIdBits }]),
  when('fchmodat2', 452, 452, [{ argument: 2, mask: setIdBits }]),
  when('creat', 85, null, [{ argument: 1, mask: setIdBits }]), when('mkdir', 83, null, [{ argument: 1, mask: setIdBits }]), when('mkdirat', 258, 34, [{ argument: 2, mask: setIdBits }]),
  when('mknod', 133, null, [{ argument: 1, mask: setIdBits }]), when('mknodat', 259, 33, [{ argument: 2, mask: setIdBits }]),
  when('open', 2, null, [{ argument: 1, mask: creates }, { argument: 2, mask: setIdBits }]), when('openat', 257, 56, [{ argument: 2, mask: creates }, { argument: 3, mask: setIdBits }]),
  // Its mode is in memory: libraries fall back on `openat`.
  never('openat2', 437, 437, ENOSYS),
]

const auditArchitecture: Readonly<Record<SeccompArchitecture, number>> = { x64: 0xc000_003e, arm64: 0xc000_00b7 }
/** Calls of the x32 interface carry this bit; the filter knows only the 64-bit one. */
const x32Bit = 0x4000_0000

const load = 0x20
const jumpEqual = 0x15
const jumpAtLeast = 0x35
const jumpAnySet = 0x45
const give = 0x06
const allow = 0x7fff_0000
const killProcess = 0x8000_0000
const failWith = (error: number): number => 0x0005_0000 + error

interface Instruction { code: number; yes: number; no: number; value: number }

/** Where the parts of what the kernel shows a filter begin. */
const numberAt = 0
const architectureAt = 4
const argumentAt = (index: number): number => 16 + 8 * index

/**
 * The filter for an architecture, as `bwrap --seccomp` reads it; undefined: there is none for it and nothing must be run.
 * `without` leaves rules out, for tests that must see them missing.
 */
export function seccompFilter(architecture: string, without: readonly string[] = []): Uint8Array | undefined {
  if (architecture !== 'x64' && architecture !== 'arm64') return undefined
  const program: Instruction[] = []
  const add = (code: number, value: number, yes = 0, no = 0): void => void program.push({ code, yes, no, value })
  add(load, architectureAt)
  add(jumpEqual, auditArchitecture[architecture], 1, 0)
  add(give, killProcess)
  add(load, numberAt)
  if (architecture === 'x64') {
    add(jumpAtLeast, x32Bit, 0, 1)
    add(give, failWith(ENOSYS))
  }
  for (const rule of seccompRules) {
    const number = rule[architecture]
    if (number === null || without.includes(rule.name)) continue
    const tests = rule.when ?? []
    const body: Instruction[] = []
    for (const test of tests) body.push({ code: load, yes: 0, no: 0, value: argumentAt(test.argument) }, ...testInstructions(test))
    body.push({ code: give, yes: 0, no: 0, value: failWith(rule.error) })
    // What does not fit goes behind the rule, where the number is loaded again for the next.
    resolveExits(body)
    if (tests.length > 0) body.push({ code: load, yes: 0, no: 0, value: numberAt })
    add(jumpEqual, number, 0, body.length)
    program.push(...body)
  }
  add(give, allow)
  return encode(program)
}

const exit = 255

function testInstructions(test: Test): Instruction[] {
  if ('mask' in test) return [{ code: jumpAnySet, yes: 0, no: exit, value: test.mask }]
  if ('equals' in test) return [{ code: jumpEqual, yes: 0, no: exit, value: test.equals }]
  return test.noneOf.map((value) => ({ code: jumpEqual, yes: exit, no: 0, value }))
}

/** Turns the marks for "this rule does not hold" into distances to the first instruction behind the body. */
function resolveExits(body: Instruction[]): void {
  for (const [index, instruction] of body.entries()) {
    const distance = body.length - index - 1
    if (instruction.yes === exit) instruction.yes = distance
    if (instruction.no === exit) instruction.no = distance
  }
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8)
  const view = new DataView(bytes.buffer)
  for (const [index, { code, yes, no, value }] of program.entries()) {
    view.setUint16(index * 8, code, true)
    view.setUint8(index * 8 + 2, yes)
    view.setUint8(index * 8 + 3, no)
    view.setUint32(index * 8 + 4, value, true)
  }
  return bytes
}
