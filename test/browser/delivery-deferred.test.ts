import { expect, test, vi } from 'vitest';
import { MAX_KEEPALIVE_BYTES } from '../../src/wire/limits.ts';
import { useDeliveryRig } from '../support/delivery-rig.ts';

const rig = useDeliveryRig();

/** Notes what is deferred, and whether it still is; the browser's own function does the work. */
const WATCH_DEFERRED = `
  window.deferred = [];
  const fetchLaterOfBrowser = window.fetchLater;
  window.fetchLater = (url, init) => {
    deferred.push({ init, names: [...init.body.matchAll(/"span (\\d+)"/g)].map((match) => Number(match[1])) });
    return fetchLaterOfBrowser(url, init);
  };
  window.standing = () => deferred.filter(({ init }) => !init.signal.aborted);
`;

test('one request at a time is deferred, and holds all that is not acknowledged, errors first', async () => {
  rig.collector.answer(() => ({ status: 503, headers: { 'retry-after': '60' } }));
  const page = await rig.visit({}, WATCH_DEFERRED);
  await page.evaluate('makeSpans(2)');
  await page.waitForFunction('standing().some(({ names }) => names.length === 2)');
  await page.evaluate('delivery.flush()');
  await vi.waitFor(() => expect(rig.collector.requests.length).toBe(1));
  await page.evaluate('makeSpans(1, "error")');
  await page.waitForFunction('standing().some(({ names }) => names.length === 3)');
  expect(await page.evaluate('[standing().length, standing()[0].names]')).toEqual([1, [3, 1, 2]]);
});

test('what is acknowledged is not deferred any more', async () => {
  const page = await rig.visit({}, WATCH_DEFERRED);
  await page.evaluate('makeSpans(20)');
  await page.waitForFunction('deferred.length > 0');
  await page.evaluate('delivery.flush()');
  await rig.arrived(20);
  await page.waitForFunction('standing().length === 0');
});

test('answers are read, so that batches sent at exit leave the quota of keepalive to the page', async () => {
  rig.collector.answer(() => ({
    status: 200,
    headers: { 'cache-control': 'no-store' },
    body: `{"fill":"${'x'.repeat(30_000)}"}`,
  }));
  const page = await rig.visit();
  for (let round = 1; round <= 3; round++) {
    await page.evaluate(
      'makeSpans(80, "error"); dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }))',
    );
    await rig.arrived(80 * round);
    await page.evaluate('dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))');
  }
  // All of the quota, for the page's own request: it is refused while anything of ours still counts.
  const whole = `fetch(${JSON.stringify(rig.site.origin)} + '/own', { method: 'POST', keepalive: true, body: 'x'.repeat(${MAX_KEEPALIVE_BYTES}) })`;
  await vi.waitFor(async () => expect(await page.evaluate(`${whole}.then((r) => r.status, String)`)).toBe(200));
});
