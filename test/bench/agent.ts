import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Browser, CDPSession } from 'playwright';
import { launchBrowser } from '../support/browser.ts';
import { startRecordingCollector } from '../support/recording-collector.ts';
import { startSite } from '../support/site.ts';

// What the agent costs a page, beside a page without one: CPU of the renderer's main thread (thread ticks, so that other
// load on the machine cancels out) to evaluate and start, and for each of 200 fetches one after the other; and what the
// telemetry of those weighs. Scripts in .bench/ (peers, bundled by hand to start by themselves) are measured the same way.

const RUNS = Number(process.env.BENCH_RUNS ?? 5);
const FETCHES = 200;

interface Candidate {
  name: string;
  code: string;
}
interface Measured {
  startMs: number;
  perFetchUs: number;
  wireBytes: number;
  fetchSpans: number;
}

const peers = existsSync('.bench') ? readdirSync('.bench').filter((file) => file.endsWith('.js')) : [];
const candidates: Candidate[] = [
  { name: 'none', code: '' },
  { name: 'throughline', code: readFileSync('dist/throughline.js', 'utf8') },
  ...peers.map((file) => ({ name: file.replace(/\.js$/, ''), code: readFileSync(`.bench/${file}`, 'utf8') })),
];

async function taskMs(cdp: CDPSession): Promise<number> {
  const { metrics } = await cdp.send('Performance.getMetrics');
  return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1000;
}

async function measure(browser: Browser, { code }: Candidate): Promise<Measured> {
  const collector = await startRecordingCollector(() => '');
  const site = await startSite({ page: () => '<!doctype html><title>bench</title><h1>bench</h1>' });
  const page = await (await browser.newContext()).newPage();
  try {
    await page.goto(site.origin);
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    const before = await taskMs(cdp);
    // Its options are on the element, as on a page; the text is evaluated when the element is inserted.
    await page.evaluate(
      ([text, origin]) => {
        const script = document.createElement('script');
        Object.assign(script.dataset, { key: 'pk_bench', service: 'bench', collector: origin });
        script.textContent = text as string;
        document.head.append(script);
      },
      [code, collector.origin],
    );
    const started = await taskMs(cdp);
    await page.waitForTimeout(2500); // what it does when idle is not the price of a fetch
    const idle = await taskMs(cdp);
    await page.evaluate(async (count) => {
      for (let i = 0; i < count; i++) await (await fetch(`/api/items/${i}`)).text();
    }, FETCHES);
    const fetched = await taskMs(cdp);
    // As on a page that stays: batches leave at their own pace, compressed.
    await page.waitForTimeout(code === '' ? 0 : 6000);
    await page.goto('about:blank');
    const deadline = Date.now() + 10_000;
    const spans = () => collector.spans().filter(({ name }) => name === 'GET /api/items/{id}').length;
    while (code !== '' && spans() < FETCHES && Date.now() < deadline) await new Promise((done) => setTimeout(done, 50));
    return {
      startMs: started - before,
      perFetchUs: ((fetched - idle) * 1000) / FETCHES,
      wireBytes: collector.requests.reduce((sum, { wireBytes }) => sum + wireBytes, 0),
      fetchSpans: spans(),
    };
  } finally {
    await page.context().close();
    await Promise.all([collector.close(), site.close()]);
  }
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const browser = await launchBrowser();
const runs = new Map<string, Measured[]>(candidates.map(({ name }) => [name, []]));
for (let run = 0; run < RUNS; run++)
  for (const candidate of candidates) {
    console.error(`run ${run + 1}/${RUNS}: ${candidate.name}`);
    runs.get(candidate.name)?.push(await measure(browser, candidate));
  }
await browser.close();

const medianOf = (name: string, field: keyof Measured) => median((runs.get(name) ?? []).map((run) => run[field]));
const rows = candidates.map(({ name }) => ({
  name,
  startMs: medianOf(name, 'startMs') - medianOf('none', 'startMs'),
  perFetchUs: medianOf(name, 'perFetchUs') - medianOf('none', 'perFetchUs'),
  wireBytes: medianOf(name, 'wireBytes'),
  fetchSpans: medianOf(name, 'fetchSpans'),
}));
console.log(`added to a page without an agent, medians of ${RUNS} runs`);
console.log(`${''.padEnd(24)}evaluate+start ms  per fetch µs  bytes for ${FETCHES} fetches  reported`);
for (const { name, startMs, perFetchUs, wireBytes, fetchSpans } of rows)
  console.log(
    `${name.padEnd(24)}${startMs.toFixed(1).padStart(17)}${perFetchUs.toFixed(0).padStart(14)}${String(wireBytes).padStart(23)}${String(fetchSpans).padStart(10)}`,
  );
if (process.argv.includes('--json'))
  console.log(JSON.stringify(Object.fromEntries(rows.map(({ name, ...row }) => [name, row]))));
