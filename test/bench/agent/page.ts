import type { Browser, CDPSession, Page } from 'playwright';
import { type Site, startSite } from '../../support/site.ts';
import { type Sink, startSink } from './sink.ts';

/** An agent to be measured: a script that starts by itself with the `data-*` of its element. */
export interface Candidate {
  name: string;
  code: string;
}

/** CPU of what a script's arrival took, ms. What it puts off comes after. */
export interface Started {
  /** Of the main thread, to evaluate it. */
  startMs: number;
  /** Of another thread, which parses and compiles a script while it arrives. */
  besideMs: number;
}

/** A page of a site of its own, in a browser context of its own, with the clocks to measure what runs on it. */
export interface BenchPage {
  page: Page;
  cdp: CDPSession;
  sink: Sink;
  /** CPU of the renderer's main thread in tasks so far (thread ticks, so that other load on the machine cancels out), ms. */
  taskMs(): Promise<number>;
  /** Of these, what scripts took. */
  scriptMs(): Promise<number>;
  /** Loads the candidate's script as pages do, `<script async crossorigin src>` with its options, and resolves when it has run. */
  insert(candidate: Candidate): Promise<Started>;
  close(): Promise<void>;
}

const BODY =
  '<!doctype html><title>bench</title><h1>bench</h1><button onclick="this.textContent=Date.now()">press</button>';

export async function openBenchPage(browser: Browser): Promise<BenchPage> {
  const sink = await startSink();
  const site: Site = await startSite({ page: () => BODY });
  const page = await (await browser.newContext()).newPage();
  await page.goto(site.origin);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  const metricMs = async (wanted: string) => {
    const { metrics } = await cdp.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === wanted)?.value ?? 0) * 1000;
  };
  return {
    page,
    cdp,
    sink,
    taskMs: () => metricMs('TaskDuration'),
    scriptMs: () => metricMs('ScriptDuration'),
    async insert({ code }) {
      sink.script = code;
      const session = await browser.newBrowserCDPSession();
      const longestUs: Record<string, number> = {};
      session.on('Tracing.dataCollected', ({ value }) => {
        for (const { name, tdur = 0 } of value as unknown as { name: string; tdur?: number }[])
          longestUs[name] = Math.max(longestUs[name] ?? 0, tdur);
      });
      const ended = new Promise<unknown>((resolve) => session.once('Tracing.tracingComplete', resolve));
      const traceConfig = { includedCategories: ['devtools.timeline'] };
      await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig });
      await page.evaluate(
        (origin) =>
          new Promise((resolve, reject) => {
            const script = document.createElement('script');
            Object.assign(script.dataset, { key: 'pk_bench', service: 'bench', collector: origin });
            Object.assign(script, { crossOrigin: '', onload: resolve, onerror: reject, src: `${origin}/agent.js` });
            document.head.append(script);
          }),
        sink.origin,
      );
      await session.send('Tracing.end');
      await ended;
      await session.detach();
      const ms = (name: string) => (longestUs[name] ?? 0) / 1000;
      return { startMs: ms('EvaluateScript'), besideMs: ms('v8.parseOnBackground') };
    },
    async close() {
      await page.context().close();
      await Promise.all([sink.close(), site.close()]);
    },
  };
}

/** Requests one after the other, each read to its end. */
export async function fetchItems(page: Page, count: number): Promise<void> {
  await page.evaluate(async (times) => {
    for (let i = 0; i < times; i++) await (await fetch(`/api/items/${i}`)).text();
  }, count);
}

/** Clicks of a real pointer whose handler changes the page. */
export async function pressButton(page: Page, count: number): Promise<void> {
  const box = await page.locator('button').boundingBox();
  if (!box) throw new Error('The page of the bench has lost its button.');
  for (let i = 0; i < count; i++) await page.mouse.click(box.x + 5, box.y + 5);
}
