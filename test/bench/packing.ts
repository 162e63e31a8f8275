import { createPackRequest } from '../../edge/collector/ingest/pack-request.ts';
import { type Body, createBodies } from './store-bodies.ts';
import { formatTable, median } from './store-report.ts';

// Microseconds a span of packing alone, beside a plain JSON.parse of the same spans: what to look at while changing the
// packer. Everything is run in turn, many short rounds each, so that a busy machine slows all alike.
const VIEWS = 500;
const WARM_UP_ROUNDS = 10;
const ROUNDS = 40;

const json = createBodies('json', VIEWS);
const protobuf = createBodies('protobuf', VIEWS);
const spans = json.reduce((sum, body) => sum + body.spans, 0);
const packRequest = createPackRequest({});
const sender = { trust: 'trusted', keyId: 'bench', services: ['*'] } as const;

const runs: Record<string, () => void> = {
  'JSON.parse': () => {
    for (const { bytes } of json) JSON.parse(bytes.toString('utf8'));
  },
  'packed, JSON': () => packAll(json),
  'packed, protobuf': () => packAll(protobuf),
  'packed, protobuf, spans alone': () => packAll(protobuf.filter(({ kind }) => kind === 'traces')),
};
const timesUs = new Map<string, number[]>(Object.keys(runs).map((name) => [name, []]));
for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1) {
  for (const [name, run] of Object.entries(runs)) {
    const startedMs = performance.now();
    run();
    if (round >= WARM_UP_ROUNDS) timesUs.get(name)?.push(((performance.now() - startedMs) * 1000) / spans);
  }
}
const referenceUs = median(timesUs.get('JSON.parse') ?? []);
const rows = [...timesUs].map(([name, times]): [string, string] => {
  const us = median(times);
  return [
    name,
    `${us.toFixed(2)} µs a span, at best ${Math.min(...times).toFixed(2)}; ${(referenceUs / us).toFixed(2)} of the rate`,
  ];
});
process.stdout.write(formatTable(rows));

function packAll(bodies: readonly Body[]): void {
  for (const { kind: format, bytes } of bodies) {
    const packed = packRequest(bytes, { format, maxRecords: 100_000, sender, receivedAtMs: Date.now() });
    if (!packed) throw new Error('A body of the bench is not a usual one.');
  }
}
