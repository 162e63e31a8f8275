import type { Page } from 'playwright';
import { expect, test, vi } from 'vitest';
import type { OtlpPayload } from '../../src/wire/otlp.ts';
import { useDeliveryRig } from '../support/delivery-rig.ts';

// Playwright switches the back/forward cache off; people have it on.
const rig = useDeliveryRig(['--disable-back-forward-cache']);
const ledgersOf = (body: OtlpPayload) => JSON.stringify(body).match(/throughline\.ledger\.page"/g) ?? [];
/** Chunks on the device; -1 while there is no outbox (opening one here would get in its way). */
const inStore = (page: Page) =>
  page.evaluate(async () => {
    const name = 'throughline pk_test';
    if (!(await indexedDB.databases()).some((database) => database.name === name)) return -1;
    return new Promise<number>((resolve) => {
      const request = indexedDB.open(name);
      // Gone since it was listed: not to be made anew.
      request.onupgradeneeded = () => request.transaction?.abort();
      request.onerror = () => resolve(-1);
      request.onsuccess = () => {
        const count = request.result.transaction('chunks').objectStore('chunks').count();
        count.onsuccess = () => {
          request.result.close();
          resolve(count.result);
        };
      };
    });
  });

test('what a page could not deliver, the next visit delivers, and both ledgers add up', async () => {
  rig.collector.answer(() => ({ status: 503 }));
  const first = await rig.visit({ prefix: 'aaaaaaaa' });
  await first.evaluate('makeSpans(50); makeSpans(3, "error")');
  await vi.waitFor(async () => expect(await inStore(first)).toBeGreaterThan(0), { timeout: 5000 });
  await first.close();
  rig.collector.requests.length = 0;
  rig.collector.answer(() => undefined);
  const second = await rig.visit({ prefix: 'bbbbbbbb' });
  await second.evaluate('makeSpans(2)');
  await rig.arrived(55);
  await second.evaluate('makeSpans(1); delivery.flush()');
  await rig.arrived(56);
  await vi.waitFor(async () => expect(await inStore(second)).toBe(0), { timeout: 5000 });
  const ledgers = rig.ledgers();
  expect(ledgers.map(({ produced }) => produced).sort()).toEqual([3, 53]);
  for (const { unknown, acknowledged, produced } of ledgers) {
    expect(unknown).toBe(0);
    expect(acknowledged).toBe(produced);
  }
});

test('far more than the exit quota holds is stored while the page is being left, and delivered later', async () => {
  const first = await rig.visit({ prefix: 'aaaaaaaa' });
  await vi.waitFor(async () => expect(await inStore(first)).toBe(0), { timeout: 5000 });
  await first.evaluate('makeSpans(800); setTimeout(() => { location.href = "about:blank" }, 0)');
  await first.waitForURL('about:blank');
  await first.close();
  await rig.visit({ prefix: 'bbbbbbbb' });
  await rig.arrived(800);
});

test('a dead page’s chunks are taken over, a live one’s are left to it', async () => {
  rig.collector.answer(({ body }) => (/aaaaaaaa|cccccccc/.test(JSON.stringify(body)) ? { status: 503 } : undefined));
  const live = await rig.visit({ prefix: 'aaaaaaaa' });
  await live.evaluate('makeSpans(5, "error")');
  // A page looks for leftovers when it comes; this one has done so before there are any.
  await live.waitForFunction('performance.now() > 2500');
  const dead = await rig.visit({ prefix: 'cccccccc' });
  await dead.evaluate('makeSpans(5, "error")');
  await vi.waitFor(async () => expect(await inStore(live)).toBe(2), { timeout: 5000 });
  // In the same tab, so that the live page does not come to the front and take over itself.
  rig.collector.answer(({ body }) => (JSON.stringify(body).includes('aaaaaaaa') ? { status: 503 } : undefined));
  rig.collector.requests.length = 0;
  await dead.goto(rig.address({ prefix: 'bbbbbbbb' }));
  await dead.evaluate('makeSpans(1, "error")');
  const texts = () => rig.collector.requests.map(({ body }) => JSON.stringify(body));
  await vi.waitFor(() => expect(texts().some((text) => text.includes('cccccccc'))).toBe(true), {
    timeout: 10_000,
  });
  await vi.waitFor(async () => expect(await inStore(dead)).toBe(1), { timeout: 5000 });
  for (const text of texts()) expect(text.includes('aaaaaaaa') && /bbbbbbbb|cccccccc/.test(text)).toBe(false);
});

test('nothing is stored where consent does not allow it', async () => {
  const page = await rig.visit({ prefix: 'aaaaaaaa', store: 'no' });
  rig.collector.answer(() => ({ status: 503 }));
  await page.evaluate('makeSpans(5, "error")');
  await vi.waitFor(() => expect(rig.collector.requests.length).toBeGreaterThan(1), { timeout: 10_000 });
  expect(await page.evaluate('indexedDB.databases().then((all) => all.length)')).toBe(0);
});

test('refused consent empties the device and counts what is forgotten', async () => {
  rig.collector.answer(() => ({ status: 503 }));
  const page = await rig.visit({ prefix: 'aaaaaaaa' });
  await page.evaluate('makeSpans(5, "error")');
  await vi.waitFor(async () => expect(await inStore(page)).toBe(1), { timeout: 5000 });
  await page.evaluate('delivery.discard()');
  await vi.waitFor(async () => expect(await inStore(page)).toBe(-1), { timeout: 5000 });
  rig.collector.answer(() => undefined);
  rig.collector.requests.length = 0;
  await page.evaluate('makeSpans(1, "error")');
  await rig.arrived(1);
  expect(rig.ledgers()).toMatchObject([{ produced: 6, acknowledged: 1, dropped: { stopped: 5 }, unknown: 0 }]);
});

test('a refusal in one tab leaves the other what it holds, and a place to keep it', async () => {
  rig.collector.answer(() => ({ status: 503 }));
  const kept = await rig.visit({ prefix: 'aaaaaaaa' });
  await kept.evaluate('makeSpans(5, "error")');
  await vi.waitFor(async () => expect(await inStore(kept)).toBe(1), { timeout: 5000 });
  const refused = await rig.visit({ store: 'no' });
  await refused.evaluate('delivery.discard()');
  await vi.waitFor(async () => expect(await inStore(refused)).toBe(-1), { timeout: 5000 });
  await kept.evaluate('makeSpans(1, "error")');
  await vi.waitFor(async () => expect(await inStore(kept)).toBe(2), { timeout: 5000 });
  await kept.close();
  rig.collector.requests.length = 0;
  rig.collector.answer(() => undefined);
  const last = await rig.visit({ prefix: 'bbbbbbbb' });
  await rig.arrived(6);
  await vi.waitFor(async () => expect(await inStore(last)).toBe(0), { timeout: 5000 });
  const ledgers = rig.ledgers().filter(({ produced }) => produced > 0);
  expect(ledgers).toMatchObject([{ produced: 6, acknowledged: 6, dropped: {}, unknown: 0 }]);
});

/** Holds the answer to the first batch with `text`, which is 200; others with it are answered `status`. */
function holdFirst(text: string, status: number) {
  let release = () => {};
  const released = new Promise<undefined>((resolve) => {
    release = () => resolve(undefined);
  });
  let isHeld = false;
  rig.collector.answer(({ body }) => {
    if (!JSON.stringify(body).includes(text)) return undefined;
    if (isHeld) return { status };
    isHeld = true;
    return released;
  });
  return { isHeld: () => isHeld, release };
}

test('the books of a page that came back while another delivered what it had left stay in order', async () => {
  rig.collector.answer(() => ({ status: 503 }));
  const page = await rig.visit({ prefix: 'aaaaaaaa' });
  await page.evaluate('makeSpans(5, "error"); window.sameDocument = true');
  await vi.waitFor(async () => expect(await inStore(page)).toBe(1), { timeout: 5000 });
  await page.goto(rig.address({ store: 'no' }));
  const held = holdFirst('aaaaaaaa', 503);
  const other = await rig.visit({ prefix: 'bbbbbbbb' });
  await vi.waitFor(() => expect(held.isHeld()).toBe(true), { timeout: 10_000 });
  await page.goBack({ waitUntil: 'commit' });
  expect(await page.evaluate('window.sameDocument')).toBe(true);
  await page.evaluate('makeSpans(1, "error")');
  await vi.waitFor(async () => expect(await inStore(page)).toBe(2), { timeout: 5000 });
  // What the other page writes now is of an earlier moment than what this one has written.
  held.release();
  await vi.waitFor(async () => expect(await inStore(page)).toBe(1), { timeout: 5000 });
  await page.close();
  await other.close();
  rig.collector.answer(() => undefined);
  const last = await rig.visit({ prefix: 'cccccccc' });
  await vi.waitFor(async () => expect(await inStore(last)).toBe(0), { timeout: 10_000 });
  await last.evaluate('makeSpans(1); delivery.flush()');
  await vi.waitFor(() => expect(rig.ids()).toContain('cccccccc00000001'), { timeout: 5000 });
  const ledgers = rig.ledgers();
  for (const { unknown, dropped } of ledgers) expect({ unknown, dropped }).toEqual({ unknown: 0, dropped: {} });
  expect(ledgers.map(({ produced, acknowledged }) => [produced, acknowledged]).sort()).toEqual([
    [0, 0],
    [1, 1],
    [1, 1],
    [5, 5],
  ]);
});

/** The browser takes its time before it grants the lock that says that a page lives. */
const SLOW_LOCK = `
const { request } = LockManager.prototype;
const granted = new Promise((grant) => { window.grant = grant; });
LockManager.prototype.request = function (name, ...more) {
  const isOfPage = name !== 'throughline pk_test ';
  return (isOfPage ? granted : Promise.resolve()).then(() => request.call(this, name, ...more));
};`;

test('a page that nobody can see to live stores nothing that could be taken over', async () => {
  const isOfFirst = (text: string) => text.includes('aaaaaaaa');
  rig.collector.answer(({ body }) => (isOfFirst(JSON.stringify(body)) ? { status: 503 } : undefined));
  const page = await rig.visit({ prefix: 'aaaaaaaa' }, SLOW_LOCK);
  await page.evaluate('makeSpans(5, "error")');
  await page.waitForFunction('performance.now() > 1500');
  const other = await rig.visit({ prefix: 'bbbbbbbb' });
  await other.waitForFunction('performance.now() > 3000');
  await other.evaluate('makeSpans(1); delivery.flush()');
  for (const { body } of rig.collector.requests) {
    const text = JSON.stringify(body);
    expect([isOfFirst(text), text.includes('bbbbbbbb')].filter(Boolean).length).toBe(1);
    expect(ledgersOf(body).length).toBe(1);
  }
  await page.evaluate('grant()');
  await vi.waitFor(async () => expect(await inStore(page)).toBe(1), { timeout: 5000 });
});

test('without Web Locks two tabs do not deliver the same, nor count what the other delivered as lost', async () => {
  const without = 'delete Navigator.prototype.locks;';
  rig.collector.answer(() => ({ status: 503 }));
  const first = await rig.visit({ prefix: 'aaaaaaaa' }, without);
  await first.evaluate('makeSpans(5, "error")');
  await vi.waitFor(async () => expect(await inStore(first)).toBe(1), { timeout: 5000 });
  await first.close();
  rig.collector.requests.length = 0;
  const held = holdFirst('aaaaaaaa', 200);
  const one = await rig.visit({ prefix: 'bbbbbbbb' }, without);
  await vi.waitFor(() => expect(held.isHeld()).toBe(true), { timeout: 10_000 });
  const two = await rig.visit({ prefix: 'cccccccc' }, without);
  await two.waitForFunction('performance.now() > 3000');
  await two.evaluate('makeSpans(1); delivery.flush()');
  held.release();
  await vi.waitFor(async () => expect(await inStore(one)).toBe(0), { timeout: 5000 });
  await one.evaluate('makeSpans(1); delivery.flush()');
  await rig.arrived(7);
  expect(rig.ids().length).toBe(7);
  for (const { unknown, dropped } of rig.ledgers()) expect({ unknown, dropped }).toEqual({ unknown: 0, dropped: {} });
});

test('a page restored from the back/forward cache goes on where it was', async () => {
  rig.collector.answer(() => ({ status: 503 }));
  const page = await rig.visit({ prefix: 'aaaaaaaa' });
  await page.evaluate('makeSpans(5, "error"); window.sameDocument = true');
  await vi.waitFor(async () => expect(await inStore(page)).toBe(1), { timeout: 5000 });
  await page.goto(rig.address({ prefix: 'bbbbbbbb' }));
  rig.collector.answer(() => undefined);
  await vi.waitFor(() => expect(rig.ids()).toContain('aaaaaaaa00000005'), { timeout: 10_000 });
  await page.goBack({ waitUntil: 'commit' });
  const reasons = await page.evaluate(
    'JSON.stringify(performance.getEntriesByType("navigation")[0].notRestoredReasons)',
  );
  expect([await page.evaluate('window.sameDocument'), reasons]).toEqual([true, 'null']);
  await page.evaluate('makeSpans(1, "error")');
  await vi.waitFor(() => expect(rig.ids()).toContain('aaaaaaaa00000006'), { timeout: 10_000 });
  for (const { unknown } of rig.ledgers()) expect(unknown).toBe(0);
});

const tails = (page: Page) =>
  page.evaluate(`Object.keys(localStorage).filter((key) => key.startsWith('throughline.tail.')).length`);

/** Keeps our database from opening until `release()` is called on the page. */
const HOLD_DATABASE = `new Promise((held) => {
  const opening = indexedDB.open('throughline pk_test', 1);
  opening.onupgradeneeded = () => {
    const chunks = opening.result.createObjectStore('chunks');
    opening.result.createObjectStore('ledgers', { keyPath: 'page' });
    let isHeld = true;
    window.release = () => { isHeld = false; };
    const ask = () => { if (isHeld) chunks.count().onsuccess = ask; };
    ask();
    held();
  };
  opening.onsuccess = () => opening.result.close();
})`;

test('a page left before its storage has opened, while nobody answers, is delivered by the next visit', async () => {
  rig.collector.answer(() => 'reset');
  const holder = await rig.visit({ store: 'no' });
  await holder.evaluate(HOLD_DATABASE);
  const first = await rig.visit({ prefix: 'aaaaaaaa' });
  await first.evaluate('makeSpans(100); makeSpans(2, "error")');
  await first.goto('about:blank');
  // Another process hears of what was written there a little later.
  await vi.waitFor(async () => expect(await tails(holder)).toBe(1));
  await holder.evaluate('release()');
  rig.collector.requests.length = 0;
  rig.collector.answer(() => undefined);
  const second = await rig.visit({ prefix: 'bbbbbbbb' });
  await rig.arrived(102);
  // The browser may have sent what it was asked to defer before anybody has looked for what was left.
  await vi.waitFor(async () => expect(await tails(second)).toBe(0), { timeout: 10_000 });
  await second.evaluate('makeSpans(1); delivery.flush()');
  await rig.arrived(103);
  expect(rig.ledgers().map(({ produced, acknowledged, unknown }) => [produced, acknowledged, unknown])).toEqual(
    expect.arrayContaining([
      [102, 102, 0],
      [1, 1, 0],
    ]),
  );
});

test('where there is no IndexedDB, what a page could not deliver goes from hand to hand', async () => {
  const without = 'Object.defineProperty(window, "indexedDB", { value: undefined });';
  rig.collector.answer(() => 'reset');
  for (const prefix of ['aaaaaaaa', 'bbbbbbbb']) {
    const page = await rig.visit({ prefix }, without);
    // A busy machine ends a tab that is closed at once without its exit events; who goes elsewhere has them.
    await page.evaluate('makeSpans(20); setTimeout(() => { location.href = "about:blank" }, 0)');
    await page.waitForURL('about:blank');
    await page.close();
  }
  rig.collector.requests.length = 0;
  rig.collector.answer(() => undefined);
  const last = await rig.visit({ prefix: 'cccccccc' }, without);
  await rig.arrived(40);
  await last.evaluate('makeSpans(1); delivery.flush()');
  await rig.arrived(41);
  await vi.waitFor(async () => expect(await tails(last)).toBe(0), { timeout: 10_000 });
  const ledgers = rig.ledgers();
  expect(ledgers.map(({ produced, acknowledged }) => [produced, acknowledged]).sort()).toEqual([
    [1, 1],
    [20, 20],
    [20, 20],
  ]);
  for (const { unknown } of ledgers) expect(unknown).toBe(0);
});

test('a page that comes back takes over what it had left behind, under the books it had then', async () => {
  rig.collector.answer(() => 'reset');
  const holder = await rig.visit({ store: 'no' });
  await holder.evaluate(HOLD_DATABASE);
  const page = await rig.visit({ prefix: 'aaaaaaaa' });
  await page.evaluate('makeSpans(10); dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }))');
  expect(await tails(page)).toBe(1);
  await page.evaluate('dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))');
  await holder.evaluate('release()');
  rig.collector.requests.length = 0;
  rig.collector.answer(() => undefined);
  await rig.arrived(10);
  expect(await tails(page)).toBe(0);
  await page.evaluate('makeSpans(1); delivery.flush()');
  await rig.arrived(11);
  const ledgers = rig.ledgers().filter(({ produced }) => produced > 0);
  expect(ledgers.map(({ produced, acknowledged, unknown }) => [produced, acknowledged, unknown]).sort()).toEqual([
    [1, 1, 0],
    [10, 10, 0],
  ]);
});

test('what somebody else wrote where we leave things behind does no harm, and goes', async () => {
  const spoilt = ['not JSON', 'null', '7', '[]', '{"chunks":7,"books":[null,7,{}]}', '{"chunks":[null,{},7]}'];
  const writer = await rig.visit({ store: 'no' });
  for (const without of ['', 'Object.defineProperty(window, "indexedDB", { value: undefined });']) {
    await writer.evaluate(
      (values) => values.map((value, index) => localStorage.setItem(`throughline.tail.${index}`, value)),
      spoilt,
    );
    const page = await rig.visit({ prefix: without ? 'bbbbbbbb' : 'aaaaaaaa' }, without);
    await vi.waitFor(async () => expect(await tails(page)).toBe(0), { timeout: 5000 });
    await page.evaluate('makeSpans(1); delivery.flush()');
    await rig.arrived(without ? 2 : 1);
  }
  for (const { unknown } of rig.ledgers()) expect(unknown).toBe(0);
});

test('nothing is left behind in localStorage where consent does not allow it', async () => {
  rig.collector.answer(() => 'reset');
  const page = await rig.visit({ prefix: 'aaaaaaaa', store: 'no' });
  await page.evaluate('makeSpans(10); dispatchEvent(new PageTransitionEvent("pagehide", { persisted: false }))');
  expect(await page.evaluate('localStorage.length')).toBe(0);
});

test('what memory has no room for waits on the device and is sent when there is room again', async () => {
  rig.collector.answer(() => ({ status: 503 }));
  const page = await rig.visit({ prefix: 'aaaaaaaa' });
  await vi.waitFor(async () => expect(await inStore(page)).toBe(0), { timeout: 5000 });
  // 1.5 MB, in steps that give it time to store each.
  for (let made = 0; made < 300; made += 50) {
    await page.evaluate('makeSpans(50, "normal", 5000)');
    await vi.waitFor(async () => expect(await inStore(page)).toBeGreaterThanOrEqual(made + 50), { timeout: 5000 });
  }
  rig.collector.answer(() => undefined);
  await rig.arrived(300);
  await page.evaluate('makeSpans(1); delivery.flush()');
  await vi.waitFor(
    () =>
      expect(rig.ledgers()).toMatchObject([{ produced: 301, acknowledged: 301, pending: 0, dropped: {}, unknown: 0 }]),
    { timeout: 10_000 },
  );
});

test('a page that replaced what its locks answer sees no error of ours', async () => {
  const page = await rig.visit(
    {},
    `const real = navigator.locks.request.bind(navigator.locks);
    navigator.locks.request = (name, options, task) => {
      if (!task) return real(name, options);
      window.isAsked = true;
    };`,
  );
  await page.evaluate('makeSpans(1)');
  await page.waitForFunction('window.isAsked');
  expect(await page.evaluate('pageErrors')).toEqual([]);
});
