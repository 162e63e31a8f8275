import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Parts, startParts } from './run/parts.ts';
import type { Trace } from './run/traces.ts';
import { formatTree } from './run/tree.ts';

const USAGE = `npm run demo                      start the shop and stay up
npm run demo -- --visit           and send a visitor through it
npm run demo -- --visit --json    visit, print the traces as one line of JSON, stop
  --cloudflare                    run the collector as a Cloudflare Worker, on Durable Objects
  --data <folder>                 where traces are kept (default throughline-data, with --cloudflare
                                  throughline-data-cloudflare; with --json a temporary one)`;

const FRIENDLY_PORTS = { collector: 4318, shop: 8787, backend: 8788 };
const FREE_PORTS = { collector: 0, shop: 0, backend: 0 };

const { visit, json, data, cloudflare } = readOptions();
const dataFolder = cloudflare ? 'throughline-data-cloudflare' : 'throughline-data';
const temporaryData = json && !data ? mkdtempSync(join(tmpdir(), 'throughline-demo-')) : undefined;
const progress = (line: string) => console.error(line);

let starting: Promise<Parts> | undefined;
let isStopping = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stopAndExit(0));

try {
  starting = startParts({
    dataDirectory: data ?? temporaryData ?? dataFolder,
    onCloudflare: cloudflare,
    keys: { page: 'pk_demo_shop', secret: `sk_${randomBytes(16).toString('hex')}` },
    ports: json ? FREE_PORTS : FRIENDLY_PORTS,
    onLine: json ? undefined : progress,
  });
  const parts = await starting;
  const { collector, backend, edge } = parts;
  for (const [name, part] of Object.entries({ collector, backend, worker: edge })) {
    void part.ended.then((how) => {
      if (isStopping) return;
      progress(`The ${name} ${how}; stopping the rest.`);
      void stopAndExit(1);
    });
  }
  if (json) progress(`shop ${edge.url}\nviewer ${collector.url}\nbackend ${backend.url}`);
  else printAddresses(parts);
  if (visit) {
    progress('\nA visitor');
    const { visitShop } = await import('./run/visit.ts'); // Playwright takes a while to load
    const traces = await visitShop({
      shop: edge.url,
      collector: collector.url,
      onStep: (what) => progress(`  ${what}`),
    });
    if (json) console.log(JSON.stringify({ traces: traces.map(asJson) }));
    else printTraces(traces, collector.url);
  }
  if (json) await stopAndExit(0);
  else console.log('\nCtrl-C stops everything.');
} catch (error) {
  if (!isStopping) progress(`\n${error instanceof Error ? error.message : error}`);
  await stopAndExit(1);
}

function readOptions(): { visit: boolean; json: boolean; cloudflare: boolean; data?: string } {
  try {
    const flag = { type: 'boolean', default: false } as const;
    const { values } = parseArgs({
      options: { visit: flag, json: flag, cloudflare: flag, data: { type: 'string' }, help: flag },
    });
    if (values.json && !values.visit) throw new Error('--json prints the traces of a visit: add --visit.');
    if (!values.help) return values;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exit(2);
  }
}

async function stopAndExit(code: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  const parts = await starting?.catch(() => undefined); // its failure has been told, and its parts are stopped
  await parts?.stop();
  if (temporaryData) rmSync(temporaryData, { recursive: true, force: true });
  process.exit(code);
}

function printAddresses({ collector, backend, edge }: Parts): void {
  console.log(`
  Shop     ${edge.url}
  Viewer   ${collector.url}
  Backend  ${backend.url}

Try: open a product, add it to the cart, look at the Summit socks (a slow query), preview the gift wrap (an error).
Then find what you did in the viewer.`);
}

function printTraces(traces: Trace[], collector: string): void {
  for (const trace of traces) console.log(`\n${collector}/traces/${trace.traceId}\n${formatTree(trace)}`);
}

function asJson({ traceId, root, spans, events }: Trace) {
  return {
    traceId,
    root,
    spans: spans.map(({ spanId, parentSpanId, name, kind, service, layer, startMs, durationMs, attributes }) => ({
      ...{ spanId, parentSpanId, name, kind, service, layer, startMs, durationMs, attributes },
    })),
    events,
  };
}
