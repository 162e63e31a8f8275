import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SHORT_NAMES } from '../../scripts/edge-internal-names.ts';

const NAMES = Object.keys(SHORT_NAMES);
const read = (...paths: string[]) => paths.map((path) => readFileSync(path, 'utf8')).join('\n');
const memberOf = (text: string) => (name: string) =>
  new RegExp(`^\\s*(readonly |get |set )?"?${name}"?\\??[:(<]`, 'm').test(text);

test('no shortened member of the edge tracer is one of a platform', () => {
  const types = ['webworker', 'es5', 'es2015.core', 'es2015.collection', 'es2015.promise', 'es2022.error'];
  const platform = read(
    ...types.map((library) => `node_modules/typescript/lib/lib.${library}.d.ts`),
    'node_modules/@types/node/http.d.ts',
    'node_modules/hono/dist/types/context.d.ts',
  );
  expect(memberOf(platform)('addEventListener')).toBe(true);
  expect(NAMES.filter(memberOf(platform))).toEqual([]);
});

test('no shortened member of the edge tracer is one of its options, its ledger or the wire', () => {
  const options = read('edge/worker/options.ts', 'edge/messaging/options.ts', 'edge/worker/bindings/options.ts');
  const [core = ''] = read('edge/worker/settings.ts').split('export interface Settings');
  const plugIns = read('edge/worker/propagator.ts', 'edge/worker/propagators.ts', 'edge/worker/sampler.ts');
  const known = options + core + plugIns + read('edge/worker/ledger.ts', 'src/wire/otlp.ts', 'src/wire/loss.ts');
  expect(memberOf(known)('maxForeignTracesPerSecond')).toBe(true);
  expect(NAMES.filter(memberOf(known))).toEqual([]);
});

test('no shortened member of the edge tracer is one by which an application calls us through its own OpenTelemetry API', () => {
  const api = 'node_modules/@opentelemetry/api/build/esm';
  const called = ['trace/span', 'trace/tracer', 'trace/tracer_provider', 'trace/span_context', 'trace/trace_state'];
  const types = read(...[...called, 'context/types', 'trace/link'].map((file) => `${api}/${file}.d.ts`));
  expect(memberOf(types)('startActiveSpan')).toBe(true);
  expect(NAMES.filter(memberOf(types))).toEqual([]);
});
