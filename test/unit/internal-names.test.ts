import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FOREIGN_NAMES, INTERNAL_NAMES } from '../../scripts/internal-names.ts';

const read = (...paths: string[]) => paths.map((path) => readFileSync(path, 'utf8')).join('\n');
const memberOf = (text: string) => (name: string) =>
  new RegExp(`^\\s*(readonly |get |set )?"?${name}"?\\??[:(<]`, 'm').test(text);

test('no shortened member is one of the browser', () => {
  const types = ['dom', 'dom.iterable', 'es5', 'es2015.core', 'es2015.collection', 'es2015.promise', 'es2022.error'];
  const browser = read(...types.map((library) => `node_modules/typescript/lib/lib.${library}.d.ts`));
  expect(memberOf(browser)('addEventListener')).toBe(true);
  expect(INTERNAL_NAMES.filter(memberOf(browser))).toEqual([]);
});

test('no shortened member is one that pages, the loader, storage or the collector know', () => {
  const contracts = read('src/agent.ts', 'src/options.ts', 'src/handover.ts', 'src/wire/otlp.ts', 'src/wire/ingest.ts');
  const wire = read('src/wire/ledger.ts', 'src/wire/loss.ts');
  const kept = wire + read('src/delivery/chunk.ts', 'src/delivery/ledger.ts', 'src/delivery/spill.ts');
  expect(memberOf(contracts)('sampleRatio')).toBe(true);
  expect(INTERNAL_NAMES.filter(memberOf(contracts + kept))).toEqual([]);
});

test('no shortened member is one by which an application calls us through its own OpenTelemetry API', () => {
  const api = 'node_modules/@opentelemetry/api/build/esm';
  const called = ['trace/span', 'trace/tracer', 'trace/tracer_provider', 'trace/span_context', 'trace/trace_state'];
  const types = read(
    ...[...called, 'context/types', 'propagation/TextMapPropagator'].map((file) => `${api}/${file}.d.ts`),
    'node_modules/@opentelemetry/sdk-trace/build/esm/SpanProcessor.d.ts',
    'node_modules/@opentelemetry/sdk-trace/build/esm/export/ReadableSpan.d.ts',
  );
  expect(memberOf(types)('startActiveSpan')).toBe(true);
  expect(INTERNAL_NAMES.filter(memberOf(types))).toEqual([]);
});

test('the built script still reads another SDK by its names', () => {
  const script = readFileSync('dist/throughline.js', 'utf8');
  expect(FOREIGN_NAMES.filter((name) => !script.includes(`.${name}`))).toEqual([]);
});
