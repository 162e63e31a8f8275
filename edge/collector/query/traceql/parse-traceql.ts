import { InvalidQueryError } from '../invalid-query.ts';
import type { Expression, Field, Intrinsic, Literal, MetricsQuery, Operator, TraceQuery } from './expression.ts';
import { type Token, tokenize, unquote } from './tokenize.ts';

const MAX_QUERY_CHARS = 4096;
const MAX_DEPTH = 32;
const MAX_PATTERN_CHARS = 256;

const INTRINSIC_NAMES: Record<string, Intrinsic> = {
  duration: 'duration',
  'span:duration': 'duration',
  name: 'name',
  'span:name': 'name',
  status: 'status',
  'span:status': 'status',
  statusMessage: 'statusMessage',
  'span:statusMessage': 'statusMessage',
  kind: 'kind',
  'span:kind': 'kind',
  rootName: 'rootName',
  'trace:rootName': 'rootName',
  rootServiceName: 'rootServiceName',
  'trace:rootService': 'rootServiceName',
  traceDuration: 'traceDuration',
  'trace:duration': 'traceDuration',
  nestedSetParent: 'nestedSetParent',
  'span:id': 'spanId',
  'trace:id': 'traceId',
  'instrumentation:name': 'scopeName',
  'instrumentation:version': 'scopeVersion',
};
const KEYWORDS: Partial<Record<Intrinsic, readonly string[]>> = {
  status: ['unset', 'ok', 'error'],
  kind: ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'],
};
const OPERATORS: ReadonlySet<string> = new Set(['=', '!=', '=~', '!~', '>', '>=', '<', '<=']);
const ONE_SPANSET =
  'TraceQL: only one spanset is understood here, such as { resource.service.name = "shop" && duration > 1s }, with an optional "| select(…)".';

/**
 * Parses one spanset: `&&`, `||`, `!`, parentheses; `=`, `!=`, `=~`, `!~` and comparisons on duration, name, status, kind,
 * the root's name and service, and attributes.
 * @throws {InvalidQueryError} for the rest of TraceQL, saying so
 * @see https://grafana.com/docs/tempo/latest/traceql/
 */
export function parseTraceql(query: string): TraceQuery {
  if (query.length > MAX_QUERY_CHARS)
    throw new InvalidQueryError(`TraceQL: a query has at most ${MAX_QUERY_CHARS} characters.`);
  return new Parser(tokenize(query)).parse();
}

const ONE_METRIC =
  'TraceQL: of metrics, rate() and quantile_over_time(duration, 0.5, …) are understood here, behind one spanset, with an optional "by (…)".';

/**
 * Parses one spanset and `rate()` or `quantile_over_time(duration, …)` behind it, with `by (…)`. Hints (`with (…)`) ask
 * for what is not there, such as exemplars, and are read over.
 * @throws {InvalidQueryError} for the rest of TraceQL metrics, saying so
 * @see https://grafana.com/docs/tempo/latest/metrics-from-traces/metrics-queries/
 */
export function parseTraceqlMetrics(query: string): MetricsQuery {
  if (query.length > MAX_QUERY_CHARS)
    throw new InvalidQueryError(`TraceQL: a query has at most ${MAX_QUERY_CHARS} characters.`);
  return new Parser(tokenize(query)).parseMetrics();
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): TraceQuery {
    this.#expect('{', ONE_SPANSET);
    const expression = this.#peek().text === '}' ? ({ type: 'constant', value: true } as const) : this.#or();
    this.#expect('}');
    const selected = this.#accept('|') ? this.#select() : [];
    if (this.#peek().type !== 'end') throw new InvalidQueryError(ONE_SPANSET);
    return { expression, selected };
  }

  parseMetrics(): MetricsQuery {
    this.#expect('{', ONE_METRIC);
    const expression = this.#peek().text === '}' ? ({ type: 'constant', value: true } as const) : this.#or();
    this.#expect('}');
    this.#expect('|', ONE_METRIC);
    const metric = this.#metric();
    const by: MetricsQuery['by'] = [];
    if (this.#acceptWord('by')) {
      this.#expect('(');
      do {
        const token = this.#take();
        by.push({ field: this.#field(token), text: token.text });
      } while (this.#accept(','));
      this.#expect(')');
    }
    if (this.#acceptWord('with')) this.#skipHints();
    if (this.#peek().type !== 'end') throw new InvalidQueryError(ONE_METRIC);
    return { expression, metric, by };
  }

  #metric(): MetricsQuery['metric'] {
    const { text } = this.#take();
    if (text !== 'rate' && text !== 'quantile_over_time') throw new InvalidQueryError(ONE_METRIC);
    this.#expect('(');
    const shares: number[] = [];
    if (text === 'quantile_over_time') {
      const token = this.#take();
      if (token.text !== 'duration' && token.text !== 'span:duration') throw unexpected(token, 'duration');
      while (this.#accept(',')) {
        const share = this.#take();
        if (share.type !== 'number' || Number(share.value) < 0 || Number(share.value) > 1)
          throw unexpected(share, 'a share from 0 to 1');
        shares.push(Number(share.value));
      }
      if (shares.length === 0) throw unexpected(this.#peek(), 'a share from 0 to 1');
    }
    this.#expect(')');
    return text === 'rate' ? { name: text } : { name: text, shares };
  }

  #skipHints(): void {
    this.#expect('(');
    do {
      this.#take();
      this.#expect('=');
      this.#take();
    } while (this.#accept(','));
    this.#expect(')');
  }

  #select(): Field[] {
    if (this.#take().text !== 'select') throw new InvalidQueryError(ONE_SPANSET);
    this.#expect('(');
    const fields: Field[] = [];
    do fields.push(this.#field(this.#take()));
    while (this.#accept(','));
    this.#expect(')');
    return fields;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#accept('||')) left = { type: 'or', left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#unary();
    while (this.#accept('&&')) left = { type: 'and', left, right: this.#unary() };
    return left;
  }

  // The one place that recurses, so the one that counts how deep.
  #unary(): Expression {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new InvalidQueryError(`TraceQL: more than ${MAX_DEPTH} parentheses deep.`);
    try {
      if (this.#accept('!')) return { type: 'not', operand: this.#unary() };
      if (!this.#accept('(')) return this.#comparison();
      const inner = this.#or();
      this.#expect(')');
      return inner;
    } finally {
      this.#depth -= 1;
    }
  }

  #comparison(): Expression {
    const token = this.#take();
    const isConstant = token.text === 'true' || token.text === 'false';
    if (isConstant && !OPERATORS.has(this.#peek().text)) return { type: 'constant', value: token.text === 'true' };
    const field = this.#field(token);
    const operator = this.#peek().text;
    if (this.#peek().type !== 'symbol' || !OPERATORS.has(operator))
      return { type: 'compare', field, operator: '=', literal: { type: 'boolean', value: true } };
    this.#take();
    return {
      type: 'compare',
      field,
      operator: operator as Operator,
      literal: this.#literal(field, operator as Operator),
    };
  }

  #field(token: Token): Field {
    if (token.type !== 'word') throw unexpected(token, 'a field such as duration or span.http.route');
    const { text } = token;
    if (text.startsWith('.')) return { scope: 'any', name: attributeName(text.slice(1)) };
    if (text.startsWith('span.')) return { scope: 'span', name: attributeName(text.slice(5)) };
    if (text.startsWith('resource.')) return { scope: 'resource', name: attributeName(text.slice(9)) };
    const name = Object.hasOwn(INTRINSIC_NAMES, text) ? INTRINSIC_NAMES[text] : undefined;
    if (name) return { scope: 'intrinsic', name };
    throw new InvalidQueryError(
      `TraceQL: the field at position ${token.at + 1} is unknown: attributes begin with a dot, "span." or "resource.".`,
    );
  }

  #literal(field: Field, operator: Operator): Literal {
    const token = this.#take();
    if (operator === '=~' || operator === '!~') {
      if (token.type !== 'string') throw unexpected(token, 'a pattern in quotes');
      return { type: 'pattern', value: toPattern(String(token.value)) };
    }
    if (token.type === 'string') return { type: 'string', value: String(token.value) };
    if (token.type === 'number') return { type: 'number', value: Number(token.value) };
    if (token.type === 'duration') return { type: 'duration', value: Number(token.value) };
    if (token.text === 'true' || token.text === 'false') return { type: 'boolean', value: token.text === 'true' };
    if (token.text === 'nil') return { type: 'nil' };
    const keywords = field.scope === 'intrinsic' ? KEYWORDS[field.name] : undefined;
    if (keywords?.includes(token.text)) return { type: 'keyword', value: token.text };
    throw unexpected(token, keywords ? keywords.join(', ') : 'a value');
  }

  #peek(): Token {
    return this.#tokens[this.#next] as Token;
  }

  #take(): Token {
    const token = this.#peek();
    if (token.type !== 'end') this.#next += 1;
    return token;
  }

  #acceptWord(word: string): boolean {
    if (this.#peek().type !== 'word' || this.#peek().text !== word) return false;
    this.#next += 1;
    return true;
  }

  #accept(symbol: string): boolean {
    if (this.#peek().type !== 'symbol' || this.#peek().text !== symbol) return false;
    this.#next += 1;
    return true;
  }

  #expect(symbol: string, sentence?: string): void {
    if (this.#accept(symbol)) return;
    throw sentence ? new InvalidQueryError(sentence) : unexpected(this.#peek(), `"${symbol}"`);
  }
}

function attributeName(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"/g, unquote);
}

function unexpected(token: Token, wanted: string): InvalidQueryError {
  return new InvalidQueryError(`TraceQL: expected ${wanted} at position ${token.at + 1}.`);
}

// As in Tempo a pattern must match the whole value.
function toPattern(source: string): RegExp {
  if (source.length > MAX_PATTERN_CHARS)
    throw new InvalidQueryError(`TraceQL: a pattern has at most ${MAX_PATTERN_CHARS} characters.`);
  try {
    return new RegExp(`^(?:${source})$`, 's');
  } catch {
    throw new InvalidQueryError('TraceQL: a pattern is no regular expression.');
  }
}
