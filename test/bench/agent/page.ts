import type { Browser, CDPSession, Page } from 'playwright';
import { type Site, startSite } from '../../support/site.ts';
import { type Sink, startSink } from './sink.ts';

/** An agent to be measured: a script that starts by itself with the `data-*` of its element. */
export interface Candidate {
  name: string;
  code: string;
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
  /** Has the candidate's script ready in the page, its options on its element as on any page, so that to bring it costs nothing later. */
  bring(candidate: Candidate): Promise<void>;
  /** Runs the script that was brought. Resolves to the CPU of evaluating it, ms: what it puts off comes after. */
  insert(): Promise<number>;
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
    async bring({ code }) {
      await page.evaluate(
        ([text, origin]) => {
          const script = document.createElement('script');
          Object.assign(script.dataset, { key: 'pk_bench', service: 'bench', collector: origin });
          script.textContent = text as string;
          Object.assign(window, { brought: script });
        },
        [code, sink.origin],
      );
    },
    async insert() {
      const session = await browser.newBrowserCDPSession();
      let scriptUs = 0;
      session.on('Tracing.dataCollected', ({ value }) => {
        for (const { name, tdur } of value as unknown as { name: string; tdur?: number }[])
          if (name === 'EvaluateScript') scriptUs = Math.max(scriptUs, tdur ?? 0);
      });
      const ended = new Promise<unknown>((resolve) => session.once('Tracing.tracingComplete', resolve));
      const traceConfig = { includedCategories: ['devtools.timeline'] };
      await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig });
      await page.evaluate(() => document.head.append((window as unknown as { brought: Element }).brought));
      await session.send('Tracing.end');
      await ended;
      await session.detach();
      return scriptUs / 1000;
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
