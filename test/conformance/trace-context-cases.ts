/**
 * The cases of the W3C Trace Context suite (github.com/w3c/trace-context, `test/test.py`) at level 2, strict, as data:
 * headers as they are on the wire, and what the service's own request must then carry.
 */
export interface TraceContextCase {
  name: string;
  headers: ReadonlyArray<readonly [name: string, value: string]>;
  /** `kept`: the trace id goes on, under another parent id. `new`: neither is seen again. */
  trace: 'kept' | 'new';
  /** `tracestate` in order; only the members that were sent are compared. */
  state?: readonly string[];
  /** Members that must not be passed on. */
  stateWithout?: readonly string[];
  /** Bits that must be set. */
  flags?: number;
}

export const TRACE_ID = '12345678901234567890123456789012';
export const PARENT_ID = '1234567890123456';
const V = `00-${TRACE_ID}-${PARENT_ID}`;
const unsampled = ['traceparent', `${V}-00`] as const;

const parent = (name: string, trace: 'kept' | 'new', ...values: string[]): TraceContextCase[] =>
  values.map((value) => ({ name: `${name}: ${JSON.stringify(value)}`, headers: [['traceparent', value]], trace }));
const kept = (name: string, lines: readonly string[], state: readonly string[]): TraceContextCase => ({
  name,
  headers: [unsampled, ...lines.map((line) => ['tracestate', line] as const)],
  trace: 'kept',
  state,
});
const discarded = (name: string, lines: readonly string[], stateWithout: readonly string[]): TraceContextCase => ({
  name,
  headers: [unsampled, ...lines.map((line) => ['tracestate', line] as const)],
  trace: 'kept',
  stateWithout,
});
const members = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `bar${String(from + i).padStart(2, '0')}=${from + i}`);

const KEY = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/';
const VALUE = String.fromCharCode(
  ...Array.from({ length: 0x7e - 0x20 + 1 }, (_, i) => 0x20 + i).filter((code) => code !== 0x2c && code !== 0x3d),
);

export const TRACE_CONTEXT_CASES: readonly TraceContextCase[] = [
  { name: 'no headers', headers: [], trace: 'new' },
  ...parent('valid', 'kept', `${V}-01`),
  {
    name: 'two traceparent headers',
    headers: [
      ['traceparent', `00-12345678901234567890123456789011-${PARENT_ID}-01`],
      ['traceparent', `${V}-01`],
    ],
    trace: 'new',
  },
  ...['trace-parent', 'trace.parent'].map(
    (name): TraceContextCase => ({ name: `header named ${name}`, headers: [[name, `${V}-01`]], trace: 'new' }),
  ),
  ...['TraceParent', 'TrAcEpArEnT', 'TRACEPARENT'].map(
    (name): TraceContextCase => ({ name: `header named ${name}`, headers: [[name, `${V}-01`]], trace: 'kept' }),
  ),
  ...parent('version 00 with more', 'new', `${V}-01.`, `${V}-01-what-the-future-will-be-like`),
  ...parent('version cc', 'kept', `cc${V.slice(2)}-01`, `cc${V.slice(2)}-01-what-the-future-will-be-like`),
  ...parent('version cc with a dot', 'new', `cc${V.slice(2)}-01.what-the-future-will-be-like`),
  ...parent('version ff', 'new', `ff${V.slice(2)}-01`),
  ...parent('version', 'new', ...['.0', '0.', '000', '0000', '0'].map((version) => `${version}${V.slice(2)}-01`)),
  ...parent(
    'trace id',
    'new',
    ...[
      '00000000000000000000000000000000',
      '.2345678901234567890123456789012',
      '1234567890123456789012345678901.',
      '123456789012345678901234567890123',
      '1234567890123456789012345678901',
    ].map((id) => `00-${id}-${PARENT_ID}-01`),
  ),
  ...parent(
    'parent id',
    'new',
    ...['0000000000000000', '.234567890123456', '123456789012345.', '12345678901234567', '123456789012345'].map(
      (id) => `00-${TRACE_ID}-${id}-01`,
    ),
  ),
  ...parent('flags', 'new', ...['.0', '0.', '001', '1'].map((flags) => `${V}-${flags}`)),
  ...parent('white space around', 'kept', ` ${V}-01`, `\t${V}-01`, `${V}-01 `, `${V}-01\t`, `\t ${V}-01 \t`),
  { name: 'tracestate alone', headers: [['tracestate', 'foo=1,bar=2']], trace: 'new', stateWithout: ['foo', 'bar'] },
  kept('tracestate', ['foo=1,bar=2'], ['foo=1', 'bar=2']),
  ...['trace-state', 'trace.state'].map(
    (name): TraceContextCase => ({
      name: `header named ${name}`,
      headers: [unsampled, [name, 'foo=1']],
      trace: 'kept',
      stateWithout: ['foo'],
    }),
  ),
  ...['TraceState', 'TrAcEsTaTe', 'TRACESTATE'].map(
    (name): TraceContextCase => ({
      name: `header named ${name}`,
      headers: [unsampled, [name, 'foo=1']],
      trace: 'kept',
      state: ['foo=1'],
    }),
  ),
  kept('an empty tracestate', [''], []),
  kept('an empty line after', ['foo=1', ''], ['foo=1']),
  kept('an empty line before', ['', 'foo=1'], ['foo=1']),
  kept('several lines', ['foo=1,bar=2', 'rojo=1,congo=2', 'baz=3'], ['foo=1', 'bar=2', 'rojo=1', 'congo=2', 'baz=3']),
  kept('a duplicated key, same value', ['foo=1,foo=1'], ['foo=1']),
  kept('a duplicated key', ['foo=1,foo=2'], ['foo=1']),
  kept('a duplicated key over lines', ['foo=1', 'foo=2'], ['foo=1']),
  kept('every character of a key and a value', [`${KEY}=${VALUE}`], [`${KEY}=${VALUE}`]),
  kept('the same after an at sign', [`${KEY}@a-z0-9_-*/=${VALUE}`], [`${KEY}@a-z0-9_-*/=${VALUE}`]),
  kept('spaces between', ['foo=1 \t , \t bar=2, \t baz=3'], ['foo=1', 'bar=2', 'baz=3']),
  kept('tabs between', ['foo=1\t \t,\t \tbar=2,\t \tbaz=3'], ['foo=1', 'bar=2', 'baz=3']),
  ...[' foo=1', '\tfoo=1', 'foo=1 ', 'foo=1\t', '\t foo=1 \t'].map((line) =>
    kept(`white space around ${JSON.stringify(line)}`, [line], ['foo=1']),
  ),
  ...['foo =1', 'FOO=1', 'foo.bar=1'].map((line) => discarded(`key of ${line}`, [line], ['foo', 'FOO', 'foo.bar'])),
  kept('an at sign at the end of a key', ['foo@=1,bar=2'], ['foo@=1', 'bar=2']),
  discarded('an at sign at the start of a key', ['@foo=1,bar=2'], ['@foo', 'bar']),
  kept('two at signs', ['foo@@bar=1,bar=2'], ['foo@@bar=1', 'bar=2']),
  kept('at signs apart', ['foo@bar@baz=1,bar=2'], ['foo@bar@baz=1', 'bar=2']),
  kept(
    '32 members',
    [members(1, 10), members(11, 20), members(21, 30), members(31, 32)].map((part) => part.join(',')),
    members(1, 32),
  ),
  discarded(
    '33 members',
    [members(1, 10), members(11, 20), members(21, 30), members(31, 33)].map((part) => part.join(',')),
    ['bar01'],
  ),
  kept('a key of 256', ['foo=1', `${'z'.repeat(256)}=1`], ['foo=1', `${'z'.repeat(256)}=1`]),
  discarded('a key of 257', ['foo=1', `${'z'.repeat(257)}=1`], ['foo']),
  ...[`${'t'.repeat(241)}@${'v'.repeat(14)}`, `${'t'.repeat(242)}@v`, `t@${'v'.repeat(15)}`].map((key) =>
    kept(
      `tenant of ${key.indexOf('@')} and vendor of ${key.length - key.indexOf('@') - 1}`,
      ['foo=1', `${key}=1`],
      ['foo=1', `${key}=1`],
    ),
  ),
  discarded('an equals sign in a value', ['foo=bar=baz'], ['foo']),
  discarded('an empty value', ['foo=,bar=3'], ['foo', 'bar']),
  { name: 'the random flag', headers: [['traceparent', `${V}-02`]], trace: 'kept', flags: 2 },
];
