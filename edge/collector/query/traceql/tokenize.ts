import { InvalidQueryError } from '../invalid-query.ts';

export interface Token {
  type: 'symbol' | 'word' | 'string' | 'number' | 'duration' | 'end';
  text: string;
  /** Unescaped string, or number (durations in ms). */
  value: string | number;
  at: number;
}

const SPACE = /[\s]+/y;
const SYMBOL = /&&|\|\||!=|=~|!~|>=|<=|>>|<<|[{}()|=<>!,~+*/^-]/y;
// Durations of Go: 1h30m, 100ms, 1.5s; µ may be either of its two code points.
const DURATION = /\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h)(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h))*(?![\w.])/y;
const NUMBER = /-?(?:\d+(?:\.\d+)?|\.\d+)(?![\w.])/y;
const STRING = /"(?:[^"\\]|\\.)*"|`[^`]*`/y;
// Attribute names hold dots, dashes, slashes and quoted parts: span."a b".c, resource.k8s.pod-name, event:name
const WORD = /\.?[A-Za-z_](?:[\w.:/@-]|(?<=\.)"(?:[^"\\]|\\.)*")*|\."(?:[^"\\]|\\.)*"/y;
const UNIT_MS: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1e3, m: 6e4, h: 3.6e6 };

export function tokenize(query: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(query)?.[0] || undefined;
  };
  for (;;) {
    at += match(SPACE)?.length ?? 0;
    if (at >= query.length) break;
    const token = nextToken(match, expectsLiteral(tokens));
    if (!token) throw new InvalidQueryError(`TraceQL: unexpected character at position ${at + 1}.`);
    tokens.push({ ...token, at });
    at += token.text.length;
  }
  tokens.push({ type: 'end', text: 'the end', value: '', at: query.length });
  return tokens;
}

function nextToken(
  match: (pattern: RegExp) => string | undefined,
  mayBeNegative: boolean,
): Omit<Token, 'at'> | undefined {
  const string = match(STRING);
  if (string) return { type: 'string', text: string, value: unquote(string) };
  const duration = match(DURATION);
  if (duration) return { type: 'duration', text: duration, value: parseDurationMs(duration) };
  const number = mayBeNegative ? match(NUMBER) : undefined;
  if (number) return { type: 'number', text: number, value: Number(number) };
  const word = match(WORD);
  if (word) return { type: 'word', text: word, value: word };
  const symbol = match(SYMBOL);
  return symbol ? { type: 'symbol', text: symbol, value: symbol } : undefined;
}

// A minus belongs to the number only behind an operator.
function expectsLiteral(tokens: readonly Token[]): boolean {
  const last = tokens.at(-1);
  return last === undefined || (last.type === 'symbol' && last.text !== ')' && last.text !== '}');
}

export function unquote(text: string): string {
  if (text.startsWith('`')) return text.slice(1, -1);
  return text.slice(1, -1).replace(/\\(.)/gs, (_, escaped: string) => {
    if (escaped === 'n') return '\n';
    if (escaped === 't') return '\t';
    return escaped === '"' || escaped === '\\' ? escaped : `\\${escaped}`;
  });
}

/** A duration as Go writes it, in ms; NaN for anything else. */
export function parseDurationMs(text: string): number {
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return Number.NaN;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)/g))
    ms += Number(amount) * (UNIT_MS[unit as string] as number);
  return ms;
}
