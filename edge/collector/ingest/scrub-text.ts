import { redactQuery } from '../../../src/wire/url.ts';
import { createByteWords } from './byte-words.ts';

/** What took the place of a secret, and the rule that found it. */
export type ScrubRule = 'key' | 'url' | 'credential' | 'token' | 'email' | 'card';

const REDACTED = 'REDACTED';

/**
 * Secrets and personal data in a text, replaced. Patterns are linear: each begins at a boundary (so that a long run is
 * tried once, not at each of its characters) and every repetition has a bound.
 */
export function scrubText(text: string, onFound: (rule: ScrubRule) => void): string {
  const signs = signsOf(text);
  if (signs === 0) return text;
  let scrubbed = text;
  const replace = (rule: ScrubRule, pattern: RegExp, replacement: string | ((match: string) => string)) => {
    const before = scrubbed;
    scrubbed = scrubbed.replace(pattern, replacement as string);
    if (scrubbed !== before) onFound(rule);
  };
  if (signs & AT && scrubbed.includes('://')) replace('credential', USER_INFO, `$1${REDACTED}@`);
  if (signs & EQUALS) replace('url', scrubbed.includes('://') ? URL_IN_TEXT : QUERY_IN_TEXT, scrubUrl);
  if (signs & LONG_RUN) for (const pattern of TOKENS) replace('token', pattern, REDACTED);
  if (signs & SCHEME) replace('token', AUTH_SCHEME, `$1 ${REDACTED}`);
  if (signs & (EQUALS | COLON)) replace('credential', NAMED_SECRET, `$1$2${REDACTED}`);
  if (signs & AT) replace('email', EMAIL, '[email]');
  if (signs & DIGITS) replace('card', CARD, (digits) => (isCardNumber(digits) ? '[card]' : digits));
  return scrubbed;
}

/** A part of every name redactQuery and NAMED_SECRET look for. */
const hasSecretWord = createByteWords(
  'sig credential token key code state pass pwd secret auth jwt session sid otp email nonce'.split(' '),
  { ignoreCase: true },
);
const USER_INFO = /(?<![\w+.-])([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/?#@"']{1,256}@/gi;
const URL_IN_TEXT = /\bhttps?:\/\/[^\s"'<>]+/gi;
const QUERY_IN_TEXT = /\?[^\s"'<>]*/g;
const TOKENS = [
  /(?<![\w-])eyJ[\w-]{8,4096}\.[\w-]{8,8192}(?:\.[\w-]{0,4096})?/g, // JSON Web Token
  /(?<!\w)(?:AKIA|ASIA)[0-9A-Z]{16}(?!\w)/g, // AWS key id
  /(?<!\w)(?:gh[pousr]_\w{20,255}|github_pat_\w{20,255})/g,
  /(?<!\w)xox[abeoprs]-[\w-]{10,255}/g, // Slack
  /(?<!\w)(?:sk|rk|pk)_(?:live|test)_\w{10,255}/g, // Stripe
  /(?<!\w)sk-(?:ant-|proj-)?[\w-]{20,255}/g, // model providers
  /(?<!\w)glpat-[\w-]{16,255}/g, // GitLab
  /(?<!\w)npm_\w{30,64}/g,
  /(?<!\w)AIza[\w-]{35}/g, // Google API key
  /-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[^-]{0,16384}(?:-----END [A-Z ]{0,32}PRIVATE KEY-----)?/g,
];
/** A part of everything TOKENS look for. */
const hasTokenSign = createByteWords([
  ...'eyJ AKIA ASIA ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ xox _live_ _test_ sk- glpat- npm_ AIza'.split(' '),
  'PRIVATE KEY',
]);
const AUTH_SCHEME = /\b(Bearer|Basic) +[\w.~+/=-]{8,8192}/gi;
const NAMED_SECRET =
  /(?<![A-Za-z0-9])(password|passwd|pwd|passphrase|secret|client[_-]?secret|(?:access|refresh|id|auth|session)[_-]?token|token|api[_-]?key|private[_-]?key|authorization)(["']?\s{0,3}[=:]\s{0,3}["']?)(?!REDACTED|Bearer |Basic )[^\s"'&,;}]{3,8192}/gi;
// A version (vue@3.4.1) is no address: its host part begins with a digit.
const EMAIL =
  /(?<![\w.%+-])(?!REDACTED@)[\w.%+-]{1,64}@[A-Za-z][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}(?![\w@])/g;
const CARD = /(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])/g;

/** A URL or the end of one from its question mark: secret-looking parameters replaced, in query and fragment. */
export function scrubUrl(url: string): string {
  const hash = url.indexOf('#');
  const fragment = hash < 0 ? '' : url.slice(hash + 1);
  const base = hash < 0 ? url : url.slice(0, hash);
  const mark = base.indexOf('?');
  const query = mark < 0 ? base : base.slice(0, mark) + redactQuery(base.slice(mark));
  return hash < 0 ? query : `${query}#${redactQuery(fragment)}`;
}

// What each rule needs to be there at all. One pass without allocation finds out: nearly every value is harmless, and the
// patterns cost a hundred times as much.
const AT = 1;
const EQUALS = 2;
const COLON = 4;
const LONG_RUN = 8;
const DIGITS = 16;
const SCHEME = 32;
const PERCENT = 64;

// What a character is, as bits. Ids in hex are everywhere and no token of any kind is hex alone.
const WORD = 1;
const DIGIT = 2;
const NOT_HEX = 4;
/** Tokens are random over upper case or digits; long names of things (`section-reviews-list`) have neither. */
const MIXED = 8;
const CLASSES = new Uint8Array(256);
for (const [characters, bits] of [
  ['0123456789', WORD | DIGIT | MIXED],
  ['abcdef', WORD],
  ['ABCDEF', WORD | MIXED],
  ['ghijklmnopqrstuvwxyz', WORD | NOT_HEX],
  ['GHIJKLMNOPQRSTUVWXYZ', WORD | NOT_HEX | MIXED],
  ['_-', WORD],
] as const)
  for (const character of characters) CLASSES[character.charCodeAt(0)] = bits;
/** Every token we know has a run at least this long. */
const TOKEN_RUN = 16;
const CARD_DIGITS = 13;

const scratch = Buffer.alloc(4096);

/** True when `scrubText` would certainly leave these bytes of UTF-8 as they are. */
export function isHarmless(bytes: Uint8Array, start: number, end: number): boolean {
  return !mayHaveSigns(bytes, start, end) || signsIn(bytes, start, end) === 0;
}

function signsOf(text: string): number {
  if (text.length * 3 > scratch.length) {
    const bytes = Buffer.from(text);
    return signsIn(bytes, 0, bytes.length);
  }
  return signsIn(scratch, 0, scratch.write(text));
}

/**
 * False when `signsIn` would find nothing. Most texts end here, so there is no branch in it that a processor could guess
 * wrong: runs are counted by masks, and their lengths are joined bit by bit to see whether one had 16.
 */
function mayHaveSigns(bytes: Uint8Array, start: number, end: number): boolean {
  let all = 0;
  let pairs = 0;
  let before = 0;
  let run = 0;
  let runs = 0;
  let digits = 0;
  for (let i = start; i < end; i++) {
    const traits = TRAITS[bytes[i] as number] as number;
    all |= traits;
    pairs |= (before << 1) & traits;
    before = traits;
    // A minus sign alone would make a negative zero, which is no integer.
    run = (run + 1) & (0 - (traits & IN_RUN));
    digits = (digits + ((traits & IS_DIGIT) >> 1)) & (0 - ((traits & IN_DIGITS) >> 2));
    runs |= run | (digits + TOKEN_RUN - CARD_DIGITS);
  }
  return (all & IS_SIGN) !== 0 || (pairs & IS_PAIR) !== 0 || runs >= TOKEN_RUN;
}

// What `mayHaveSigns` looks at. The first three are read as 0 and 1; a pair is told by a bit and the one above it.
const IN_RUN = 1;
const IS_DIGIT = 2;
const IN_DIGITS = 4;
const IS_SIGN = 8;
const ENDS_SCHEME = 16;
const AFTER_SCHEME = 32;
const IS_COLON = 64;
const AFTER_COLON = 128;
const IS_PAIR = AFTER_SCHEME | AFTER_COLON;
const TRAITS = new Int32Array(256);
for (const [characters, bits] of [
  ['0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-', IN_RUN],
  ['0123456789', IS_DIGIT],
  ['0123456789 -', IN_DIGITS],
  ['@=', IS_SIGN],
  ['rRcC', ENDS_SCHEME],
  [' ', AFTER_SCHEME],
  [':', IS_COLON],
  [' "', AFTER_COLON],
] as const)
  for (const character of characters) TRAITS[character.charCodeAt(0)] = (TRAITS[character.charCodeAt(0)] ?? 0) | bits;

function signsIn(bytes: Uint8Array, start: number, end: number): number {
  let signs = 0;
  let runStart = start;
  let runBits = 0;
  let digits = 0;
  for (let i = start; i < end; i++) {
    const code = bytes[i] as number;
    const bits = CLASSES[code] as number;
    if (bits !== 0) {
      runBits |= bits;
      if (bits & DIGIT) {
        // The first digit of a card stands behind no word and no point.
        if (digits > 0 || (i === runStart && (i === start || bytes[i - 1] !== 0x2e))) digits += 1;
        if (digits >= CARD_DIGITS) signs |= DIGITS;
      } else if (code !== 0x2d) digits = 0;
      continue;
    }
    if (i - runStart >= TOKEN_RUN && isTokenLike(runBits)) signs |= LONG_RUN;
    if (code !== 0x20) digits = 0;
    if (code === 0x40) signs |= AT;
    else if (code === 0x3d) signs |= EQUALS;
    else if (code === 0x25) signs |= PERCENT;
    else if (code === 0x20) {
      if (i - runStart >= 5 && endsLikeScheme(bytes, i)) signs |= SCHEME;
    } else if (code === 0x3a) {
      // "password: x" and "password":"x", but no scheme and no line number
      const next = i + 1 < end ? (bytes[i + 1] as number) : 0;
      if (next === 0x20 || next === 0x22) signs |= COLON;
    }
    runStart = i + 1;
    runBits = 0;
  }
  if (end - runStart >= TOKEN_RUN && isTokenLike(runBits)) signs |= LONG_RUN;
  return signs === 0 ? 0 : confirmed(signs, bytes, start, end);
}

function isTokenLike(runBits: number): boolean {
  return (runBits & NOT_HEX) !== 0 && (runBits & MIXED) !== 0;
}

// Most of what has an equals sign is a harmless query, and most long runs are names and numbers.
function confirmed(found: number, bytes: Uint8Array, start: number, end: number): number {
  let signs = found;
  if (signs & LONG_RUN && !hasTokenSign(bytes, start, end)) signs &= ~LONG_RUN;
  // Percent signs may hide the word.
  if (signs & (EQUALS | COLON) && !(signs & PERCENT) && !hasSecretWord(bytes, start, end)) signs &= ~(EQUALS | COLON);
  return signs & ~PERCENT;
}

const SCHEMES = ['bearer', 'basic'].map((word) => Buffer.from(word));

// A word of at least five letters ends here: whether it is "Bearer" or "Basic" in any case.
function endsLikeScheme(bytes: Uint8Array, end: number): boolean {
  for (const scheme of SCHEMES) {
    let i = scheme.length;
    while (i > 0 && ((bytes[end - scheme.length + i - 1] as number) | 0x20) === scheme[i - 1]) i -= 1;
    if (i === 0) return true;
  }
  return false;
}

// Luhn's check, so that order numbers and times are left alone nine times out of ten.
function isCardNumber(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  // The first digit of a card names its network; epoch times in ms and µs begin with 1.
  if (!/^[2-6]/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const weighted = i % 2 === 0 ? digit : digit * 2;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0;
}
