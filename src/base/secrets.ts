// What a secret must be before a process starts with it: made by chance, and not the word that stood in an example. It
// promises to refuse what a person typed to get past a question, and never to refuse what `openssl rand` gives.

/** Out of reach of every guesser; and 16 bytes from `openssl rand` show more than this even when chance is unkind to them. */
const LEAST_BITS = 80;
/** Words of examples and of those who meant to come back. */
const PLACEHOLDER =
  /change[-_ ]?(me|this|it)|replace[-_ ]?(me|this|it)|place-?holder|your[-_ ]|example|<[^>]*>|x{6,}|\.{3}/i;
/** Passwords that everyone tries first. */
const FIRST_TRIED =
  /^(password\d*|passw0rd|postgres|postgresql|secret|admin|root|satfleet\w*|changeme|change-me|qwerty|letmein|test|redis|1234\d*)$/i;

/**
 * Why a value that should be made by chance is none, in words that go on from its name; undefined when nothing is wrong.
 * @param leastBits how much chance it must hold, as the mix of its characters tells.
 */
export function weaknessOf(secret: string, leastBits = LEAST_BITS): string | undefined {
  if (PLACEHOLDER.test(secret)) return 'is the placeholder of an example';
  if (repeats(secret) || runs(secret) || bitsIn(secret) < leastBits) return 'can be guessed';
  return undefined;
}

/** Why a password is none that keeps anyone out; undefined when nothing is wrong. */
export function passwordWeakness(password: string, user: string): string | undefined {
  if (FIRST_TRIED.test(password) || password === user) return 'has a password that everyone tries first';
  return PLACEHOLDER.test(password) ? 'has the placeholder of an example for its password' : undefined;
}

/** Some shorter text, over and over. */
function repeats(text: string): boolean {
  for (let step = 1; step <= text.length / 2; step++) {
    if (text.startsWith(text.slice(step))) return true;
  }
  return false;
}

/** Mostly neighbours on the keyboard of the alphabet: "abcdef", "0123", "aaaa". */
function runs(text: string): boolean {
  let near = 0;
  for (let at = 1; at < text.length; at++) {
    if (Math.abs(text.charCodeAt(at) - text.charCodeAt(at - 1)) <= 1) near++;
  }
  return near * 3 > text.length * 2;
}

/**
 * The chance its characters could hold at most: their number times the entropy of their mix, with what a short text's
 * mix is known to hide of it (Miller and Madow).
 */
function bitsIn(text: string): number {
  const counts = new Map<string, number>();
  for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  const each = [...counts.values()].map((count) => count * Math.log2(text.length / count));
  return each.reduce((sum, bits) => sum + bits, (counts.size - 1) / (2 * Math.LN2));
}
