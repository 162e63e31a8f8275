import { describe, expect, test } from 'vitest';
import { attributesOf, eventWhere, spanWhere, traceparentOf, WAIT } from '../support/agent-page.ts';
import { shopOfEachTest } from '../support/shop-of-each-test.ts';

const SLOW_MS = 120;
const visit = shopOfEachTest();
/** A page with a button and a text field; `slow()` takes long, and `measured` says when the browser has told so. */
const open = (script: string) =>
  visit.open({
    body: () => `<button>Go</button><input><script>
      const button = document.querySelector('button'), input = document.querySelector('input');
      const slow = () => {
        for (const start = performance.now(); performance.now() - start < ${SLOW_MS}; );
        button.textContent += '!';
      };
      new PerformanceObserver(() => (window.measured = true)).observe({ type: 'event', durationThreshold: ${SLOW_MS} });
      ${script}
    </script>`,
  });
const traceOf = (path: string) => traceparentOf(visit.shop.site.asked(path)[0]?.headers ?? {}).traceId;
const rootOf = (path: string) =>
  spanWhere(visit.shop, visit.page, ({ traceId, parentSpanId }) => traceId === traceOf(path) && !parentSpanId);

describe('INP names the trace of its interaction, and what it waited for', () => {
  test.each([
    [
      'a press that led to work, and a slow click',
      `button.onpointerdown = () => fetch('/api/1'); button.onclick = slow`,
    ],
    ['a press that led to nothing, and a slow click', `button.onclick = () => { fetch('/api/1'); slow() }`],
    [
      'a slow press, and a click that led to work',
      `button.onpointerdown = slow; button.onclick = () => fetch('/api/1')`,
    ],
    ['a slow release that led to work', `button.onpointerup = () => { fetch('/api/1'); slow() }`],
  ])('%s', async (_, script) => {
    const page = await open(script);
    await spanWhere(visit.shop, page, ({ name }) => name === 'page load /');
    await page.click('button', { delay: 50 });
    await page.waitForFunction('window.measured');
    const click = await rootOf('/api/1');
    expect(click.name).toBe('click button');
    await page.goto('about:blank');
    const inp = await eventWhere(
      visit.shop,
      undefined,
      (event) =>
        attributesOf(event)['browser.web_vital.name'] === 'inp' &&
        Number(attributesOf(event)['browser.web_vital.value']) >= SLOW_MS,
    );
    expect(attributesOf(inp)['throughline.web_vital.interaction.trace_id']).toBe(click.traceId);
    expect(attributesOf(inp)['throughline.web_vital.attribution.processingDuration']).toBeGreaterThanOrEqual(SLOW_MS);
  });
});

describe('work of a release', () => {
  test('that comes long after its press, and of the click after it, is one trace', async () => {
    const page = await open(`button.onpointerup = () => fetch('/api/1'); button.onclick = () => fetch('/api/2')`);
    await spanWhere(visit.shop, page, ({ name }) => name === 'page load /');
    await page.click('button', { delay: 50 });
    await expect.poll(() => visit.shop.site.asked('/api/2').length, WAIT).toBe(1);
    expect((await rootOf('/api/1')).name).toBe('click button');
    expect(traceOf('/api/2')).toBe(traceOf('/api/1'));
  });

  test('of a key is that of the key', async () => {
    const page = await open(`input.onkeyup = () => fetch('/api/1')`);
    await spanWhere(visit.shop, page, ({ name }) => name === 'page load /');
    await page.focus('input');
    await page.keyboard.press('a', { delay: 50 });
    await expect.poll(() => visit.shop.site.asked('/api/1').length, WAIT).toBe(1);
    expect((await rootOf('/api/1')).name).toBe('keyup textbox');
  });

  test('of a drag is that of the drop', async () => {
    const page = await open(`
      button.draggable = true;
      input.ondragover = (event) => event.preventDefault();
      input.ondrop = (event) => { event.preventDefault(); fetch('/api/1') };`);
    await spanWhere(visit.shop, page, ({ name }) => name === 'page load /');
    await page.dragAndDrop('button', 'input');
    await expect.poll(() => visit.shop.site.asked('/api/1').length, WAIT).toBe(1);
    expect((await rootOf('/api/1')).name).toBe('drop textbox');
  });
});
