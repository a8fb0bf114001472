/** PTH-01: what must never become a path. */
export const hostilePaths: string[] = [
  '', '.', '..', '...', './', './..', '/', '//', '///etc/passwd', '/etc/passwd', '//etc/passwd', '~', '~/.ssh/id_rsa', '~root', '~root/.bashrc',
  ...Array.from({ length: 12 }, (_, index) => `${'../'.repeat(index + 1)}etc/passwd`),
  'a/..', 'a/../b', 'a/../../b', 'a/./b', 'a//b', 'a/', 'a/b/', './../a', 'notes/../../secret', 'a/...', 'a/..../b',
  '..\\', '..\\..\\etc\\passwd', 'a\\b', '\\etc\\passwd', '\\\\host\\share', 'C:\\Windows', 'C:/Windows', 'c:', 'a:b', 'notes.md:stream', 'file:///etc/passwd', 'http://x/y',
  '....//', '....//etc', '..;/etc', '%2e%2e%2f', '%2e%2e/etc', '..%2f', '%252e%252e%252f', '..%c0%af', '..%00/', 'a%00b', 'a%2fb', '%5c..%5c',
  '/proc/self/environ', '/proc/self/fd/3', '/dev/zero', '/dev/stdin',
  'CON', 'con', 'NUL', 'nul.txt', 'a/AUX', 'COM1', 'com9.log', 'LPT1', 'COM¹', 'CONIN$', 'PRN.md',
  'a.', 'a ', ' a', 'a/b.', 'a/ b', 'a /b', 'a./b', 'a\u00a0', '\u3000a', 'a\u2003',
  'a\0b', 'a\nb', 'a\rb', 'a\tb', 'a\u001bb', 'a\u007fb', 'a\u0085b', 'a\u202eb', 'a\u200bb', 'a\ufeffb', 'a\u2028b', 'a\u2066b', 'a\u00adb', '\ud800', 'a\ue000b', 'a\u{e0041}',
  'e\u0301.md', 'A\u030a', '\u212b.md',
  '．．', '．．/etc', '‥', '…', '․․', '．', 'a／b', '．．／etc', 'a＼b', 'a：b', 'ＣＯＮ', 'ｎｕｌ.txt', '％２ｅ％２ｅ', 'a∕b', 'a⁄b', 'a⧸b', 'a∖b', 'a﹨b',
  'x'.repeat(241), 'é'.repeat(121), `${'a/'.repeat(33)}b`, 'a/'.repeat(600), 'x'.repeat(5_000),
]
