import { readFileSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';
import { launchBrowser } from '../support/browser.ts';
import { type Cost, countLongTasks, FETCHES, measureCost } from './agent/cost.ts';
import { measureMemory } from './agent/memory.ts';
import type { Candidate } from './agent/page.ts';
import { bundlePeers } from './agent/peers.ts';

// What the agent costs a page, beside a page without one: CPU of the renderer's main thread to evaluate and start, of the
// thread beside it that compiles a script as it arrives, and for each of 200 requests and each click; bytes sent; long tasks
// on a slow processor; the heap over a day. `npm run bench:agent`; `-- --peers` measures other agents beside ours, `-- --json`
// prints one object as the last line.

const withPeers = process.argv.includes('--peers');
const RUNS = Number(process.env.BENCH_RUNS ?? (withPeers ? 2 : 3));

const none: Candidate = { name: 'none', code: '' };
const ours: Candidate = { name: 'throughline', code: readFileSync('dist/throughline.js', 'utf8') };
const candidates = [none, ours, ...(withPeers ? bundlePeers() : [])];

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const browser = await launchBrowser();
const costs = new Map<string, Cost[]>(candidates.map(({ name }) => [name, []]));
for (let run = 0; run < RUNS; run++)
  for (const candidate of candidates) {
    console.error(`run ${run + 1}/${RUNS}: ${candidate.name}`);
    costs.get(candidate.name)?.push(await measureCost(browser, candidate));
  }
const longTasks = new Map<string, number>();
for (const candidate of candidates) {
  console.error(`slow processor: ${candidate.name}`);
  longTasks.set(candidate.name, await countLongTasks(browser, candidate));
}
console.error('memory');
const heapsKb = await measureMemory(browser, ours);
await browser.close();

const medianOf = (name: string, field: keyof Cost) => median((costs.get(name) ?? []).map((cost) => cost[field]));
const addedBy = (name: string, field: keyof Cost) => medianOf(name, field) - medianOf(none.name, field);
const rows = candidates.slice(1).map(({ name, code }) => ({
  name,
  brotliBytes: brotliCompressSync(code).length,
  startMs: addedBy(name, 'startMs'),
  besideMs: addedBy(name, 'besideMs'),
  idleMs: addedBy(name, 'idleMs'),
  perFetchUs: addedBy(name, 'perFetchUs'),
  perPressUs: addedBy(name, 'perPressUs'),
  wireBytes: medianOf(name, 'wireBytes'),
  reported: medianOf(name, 'reported'),
  longTasksAt4x: (longTasks.get(name) ?? 0) - (longTasks.get(none.name) ?? 0),
}));

const COLUMNS: [title: string, value: (row: (typeof rows)[number]) => string][] = [
  ['brotli B', ({ brotliBytes }) => String(brotliBytes)],
  ['start ms', ({ startMs }) => startMs.toFixed(1)],
  ['beside it ms', ({ besideMs }) => besideMs.toFixed(1)],
  ['then idle ms', ({ idleMs }) => idleMs.toFixed(1)],
  ['µs a fetch', ({ perFetchUs }) => perFetchUs.toFixed(0)],
  ['µs a click', ({ perPressUs }) => perPressUs.toFixed(0)],
  [`B for ${FETCHES}`, ({ wireBytes }) => String(wireBytes)],
  ['reported', ({ reported }) => String(reported)],
  ['long tasks 4x', ({ longTasksAt4x }) => String(longTasksAt4x)],
];
console.log(
  `added to a page without an agent (${medianOf('none', 'perFetchUs').toFixed(0)} µs a fetch), medians of ${RUNS}`,
);
console.log(''.padEnd(16) + COLUMNS.map(([title]) => title.padStart(15)).join(''));
for (const row of rows) console.log(row.name.padEnd(16) + COLUMNS.map(([, value]) => value(row).padStart(15)).join(''));
console.log(`heap over a simulated day of 8 hours, by quarter: ${heapsKb.join(', ')} kB`);
if (process.argv.includes('--json'))
  console.log(JSON.stringify({ heapsKb, ...Object.fromEntries(rows.map(({ name, ...figures }) => [name, figures])) }));
