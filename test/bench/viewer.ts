import { chromium, type Page } from 'playwright';
import { CHROMIUM_ARGS, ensureChromium } from '../../scripts/chromium.ts';
import { largeTrace } from '../support/large-traces.ts';
import { startViewerServer } from '../support/viewer-server.ts';

/**
 * `node test/bench/viewer.ts [--json]`: the built viewer in a real Chromium. Open: from the answer of the API in the
 * page's hands (a click on the trace's link) to the first frame with rows. Scroll: ten rows a frame, as a fast wheel
 * does.
 */
interface Figures {
  spans: number;
  /** JSON of the trace, MB. */
  megabytes: number;
  openMs: number;
  /** Frames a second while scrolling, and those of an empty page scrolled the same way in the same run. */
  scrollFps: number;
  emptyFps: number;
  /** Processor time of the page's main thread a frame while scrolling: script, style, layout, paint; 16.7 is 60 fps. */
  frameCpuMs: number;
  collapseMs: number;
  searchMs: number;
  heapMb: number;
}

const SIZES = [1000, 10_000, 100_000];
const RUNS = 5;
const SCROLL_FRAMES = 240;

const server = await startViewerServer();
const browser = await chromium.launch({
  executablePath: ensureChromium(),
  args: [...CHROMIUM_ARGS, '--enable-precise-memory-info', '--js-flags=--expose-gc'],
});
const results: Figures[] = [];
for (const spans of SIZES) {
  console.error(`${spans} spans …`);
  const view = largeTrace(spans);
  server.views.set(view.traceId, view);
  const runs: Figures[] = [];
  for (let run = 0; run < RUNS; run += 1)
    runs.push(await measure(spans, view.traceId, JSON.stringify(view).length / 1e6));
  const middle = (pick: (figures: Figures) => number) => runs.map(pick).sort((a, b) => a - b)[RUNS >> 1] as number;
  results.push({
    spans,
    megabytes: middle((run) => run.megabytes),
    openMs: middle((run) => run.openMs),
    scrollFps: middle((run) => run.scrollFps),
    emptyFps: middle((run) => run.emptyFps),
    frameCpuMs: middle((run) => run.frameCpuMs),
    collapseMs: middle((run) => run.collapseMs),
    searchMs: middle((run) => run.searchMs),
    heapMb: middle((run) => run.heapMb),
  });
}
await browser.close();
await server.close();

if (process.argv.includes('--json')) console.log(JSON.stringify({ viewer: results }));
else {
  const round = (value: number) => Math.round(value * 10) / 10;
  console.table(
    results.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, round(value)]))),
  );
}

async function measure(spans: number, traceId: string, megabytes: number): Promise<Figures> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(`${server.url}/?name=none`);
  await page.locator('.notice').waitFor();
  const openMs = await page.evaluate(openTrace, `/traces/${traceId}`);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const cpuMs = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN);
  };
  const beforeMs = await cpuMs();
  const scrollFps = await page.evaluate(scrollRows, { frames: SCROLL_FRAMES, selector: '.waterfall' });
  const frameCpuMs = ((await cpuMs()) - beforeMs) / SCROLL_FRAMES;
  const collapseMs = await page.evaluate(untilPainted, { selector: '.trace-toolbar .button:nth-of-type(2)', text: '' });
  await page.evaluate(untilPainted, { selector: '.trace-toolbar .button:nth-of-type(2)', text: '' });
  const searchMs = await page.evaluate(untilPainted, { selector: '.trace-toolbar input', text: 'part-17' });
  const heapMb = await heapOf(page);
  await page.goto('data:text/html,<div id="empty"><p></p></div>');
  const emptyFps = await page.evaluate(scrollRows, { frames: SCROLL_FRAMES / 2, selector: '#empty' });
  await page.close();
  return { spans, megabytes, openMs, scrollFps, emptyFps, frameCpuMs, collapseMs, searchMs, heapMb };
}

/** In the page: goes to the trace as a click on a link does, with its answer already here, and waits for its first frame. */
async function openTrace(path: string): Promise<number> {
  const body = await (await fetch(`/api${path}`)).text();
  const original = window.fetch;
  window.fetch = (input, init) =>
    String(input).startsWith('/api/traces/') ? Promise.resolve(new Response(body)) : original(input, init);
  const link = document.createElement('a');
  link.href = path;
  document.body.append(link);
  const startMs = performance.now();
  link.click();
  link.remove();
  return new Promise((resolve) => {
    const look = () => {
      if (!document.querySelector('.row')) requestAnimationFrame(look);
      else setTimeout(() => resolve(performance.now() - startMs));
    };
    requestAnimationFrame(look);
  });
}

/** In the page: scrolls by ten rows every frame. Resolves to frames a second. */
async function scrollRows({ frames, selector }: { frames: number; selector: string }): Promise<number> {
  const scroller = document.querySelector(selector) as HTMLElement;
  if (selector === '#empty') {
    scroller.style.cssText = 'height: 600px; overflow: auto';
    (scroller.firstElementChild as HTMLElement).style.height = '1000000px';
  }
  const startMs = performance.now();
  for (let frame = 0; frame < frames; frame += 1) {
    scroller.scrollTop += 260;
    await new Promise(requestAnimationFrame);
  }
  return (1000 * frames) / (performance.now() - startMs);
}

/** In the page: clicks, or types a text, and waits for the frame that shows what came of it. */
async function untilPainted({ selector, text }: { selector: string; text: string }): Promise<number> {
  const element = document.querySelector(selector) as HTMLElement;
  const startMs = performance.now();
  if (element instanceof HTMLInputElement) {
    element.value = text;
    element.dispatchEvent(new Event('input', { bubbles: true }));
  } else element.click();
  await new Promise<void>((resolve) => {
    const look = () => {
      if (text !== '' && !document.querySelector('.found')?.textContent) requestAnimationFrame(look);
      else setTimeout(resolve);
    };
    requestAnimationFrame(look);
  });
  return performance.now() - startMs;
}

async function heapOf(page: Page): Promise<number> {
  return page.evaluate(() => {
    (globalThis as { gc?: () => void }).gc?.();
    return (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize / 1e6;
  });
}
