/** Asking for what must not be seen, such as a password. */

const ENTER = [10, 13];
const BACKSPACE = [8, 127];
const INTERRUPT = 3;
const END = 4;
const MAX_BYTES = 4096;

/**
 * Asks on the terminal and does not show what is typed.
 * @returns null if it was broken off with Ctrl-C or Ctrl-D
 */
export function hiddenPrompt(question: string): string | null {
  const typed: number[] = [];
  const one = new Uint8Array(1);
  Deno.stderr.writeSync(new TextEncoder().encode(`${question} `));
  Deno.stdin.setRaw(true);
  try {
    while (typed.length < MAX_BYTES) {
      const [byte = END] = Deno.stdin.readSync(one) === null ? [] : one;
      if (byte === INTERRUPT || byte === END) return null;
      if (ENTER.includes(byte)) break;
      if (!BACKSPACE.includes(byte)) typed.push(byte);
      // Back over all bytes of a letter.
      else while (((typed.pop() ?? 0) & 0xc0) === 0x80);
    }
  } finally {
    Deno.stdin.setRaw(false);
    Deno.stderr.writeSync(new TextEncoder().encode("\n"));
  }
  return new TextDecoder().decode(new Uint8Array(typed));
}

/** The first line of standard input, where no terminal is. */
export function readLine(): string {
  const bytes: number[] = [];
  const one = new Uint8Array(1);
  while (bytes.length < MAX_BYTES && Deno.stdin.readSync(one) && one[0] !== 10) {
    bytes.push(one[0] ?? 0);
  }
  return new TextDecoder().decode(new Uint8Array(bytes)).replace(/\r$/, "");
}
