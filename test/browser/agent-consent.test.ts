import type { Page } from 'playwright';
import { describe, expect, test } from 'vitest';
import { attributesOf, eventWhere, spanWhere, WAIT } from '../support/agent-page.ts';
import { shopOfEachTest } from '../support/shop-of-each-test.ts';

interface PageAgent {
  stop(): void;
  flush(): Promise<void>;
  trace<T>(name: string, fn: () => T, attributes?: object): T;
  setUser(user: object | undefined): void;
  setAttributes(attributes: object): void;
  setConsent(consent: string): void;
  sessionId: string | undefined;
}
declare const throughline: PageAgent;

const visit = shopOfEachTest();
const { open } = visit;
const everything = () => JSON.stringify(visit.shop.collector.requests.map(({ body }) => body));

describe('consent', () => {
  test('minimal stores nothing and sends no identifiers', async () => {
    const page = await open({ attributes: 'data-consent="minimal"' });
    await page.evaluate(() => {
      throughline.setUser({ id: 'u-7' });
      return fetch('/api/x').then(() => {});
    });
    const span = await spanWhere(visit.shop, page, ({ name }) => name === 'GET /api/x');
    expect(Object.keys(attributesOf(span)).filter((name) => /^(session|user)\./.test(name))).toEqual([]);
    expect(everything()).not.toMatch(/session\.id|u-7|browser\.brands/);
    expect(await page.evaluate(() => [localStorage.length, sessionStorage.length, throughline.sessionId])).toEqual([
      0,
      0,
      undefined,
    ]);
  });

  test.each([
    ['Global Privacy Control', 'globalPrivacyControl', 'true'],
    ['Do Not Track', 'doNotTrack', '"1"'],
  ])('%s means minimal unless the site says otherwise', async (_, name, value) => {
    const page = await open({
      head: `<script>Object.defineProperty(navigator, "${name}", { value: ${value} })</script>`,
    });
    await spanWhere(visit.shop, page, ({ name }) => name === 'page load /');
    expect(everything()).not.toContain('session.id');
  });

  test('off sends nothing, not even a header; full from then on records', async () => {
    const page = await open({ attributes: 'data-consent="off"' });
    await page.evaluate(() => fetch('/api/before').then(() => {}));
    expect(Object.keys(visit.shop.site.asked('/api/before')[0]?.headers ?? {})).not.toContain('traceparent');
    await page.evaluate(async () => {
      throughline.setConsent('full');
      await fetch('/api/after');
    });
    await spanWhere(visit.shop, page, ({ name }) => name === 'GET /api/after');
    expect(everything()).not.toContain('/api/before');
  });

  test('what began before a refusal is not told when it ends after consent is given again', async () => {
    const page = await open({});
    await page.evaluate(async () => {
      let end = () => {};
      throughline.trace('secret work', () => new Promise<void>((done) => (end = done)));
      throughline.setConsent('off');
      throughline.setConsent('full');
      end();
      await fetch('/api/after');
    });
    await spanWhere(visit.shop, page, ({ name }) => name === 'GET /api/after');
    await page.goto('about:blank');
    expect(everything()).not.toContain('secret work');
  });

  test('what was queued before a refusal is never sent', async () => {
    const page = await open({});
    await page.evaluate(async () => {
      throughline.trace('secret work', () => {});
      throughline.setConsent('off');
      await throughline.flush();
      await fetch('/api/quiet');
    });
    await page.goto('about:blank');
    expect(everything()).not.toMatch(/secret work|api\/quiet/);
  });
});

describe('what is on the device', () => {
  /** Everything in the outboxes of the origin, as text. */
  const stored = (page: Page) =>
    page.evaluate(async () => {
      const all: unknown[] = [];
      for (const { name = '' } of await indexedDB.databases())
        await new Promise<void>((resolve) => {
          const request = indexedDB.open(name);
          // Gone since it was listed: not to be made anew.
          request.onupgradeneeded = () => request.transaction?.abort();
          request.onerror = () => resolve();
          request.onsuccess = () => {
            const transaction = request.result.transaction(['chunks', 'ledgers']);
            const rows = ['chunks', 'ledgers'].map((store) => transaction.objectStore(store).getAll());
            transaction.oncomplete = () => {
              all.push(...rows.flatMap(({ result }) => result));
              request.result.close();
              resolve();
            };
          };
        });
      return JSON.stringify(all);
    });
  /** Said on the script tag of `/off` and `/minimal`. */
  const SAID = `<script>
    const { get } = Object.getOwnPropertyDescriptor(HTMLElement.prototype, 'dataset');
    const said = location.pathname.slice(1);
    const dataset = { get() { return { ...get.call(this), consent: said }; } };
    if (['off', 'minimal'].includes(said)) Object.defineProperty(HTMLElement.prototype, 'dataset', dataset);
    if (said === 'asked') Object.defineProperty(navigator, 'globalPrivacyControl', { value: true });
  </script>`;
  const openAndKeep = async (said: string) => {
    const page = await open({ head: SAID, body: ({ pathname }) => (pathname === '/refuse' ? REFUSAL : '') });
    visit.shop.collector.answer(() => ({ status: 503 }));
    await page.evaluate((name) => throughline.trace(name, () => {}), said);
    await expect.poll(() => stored(page), WAIT).toContain(said);
    return page;
  };
  const REFUSAL = "<script>throughline.setConsent('off')</script>";

  test('goes at a refusal, also when the page has not looked at what earlier visits left', async () => {
    const page = await openAndKeep('earlier work');
    await page.goto(`${visit.shop.site.origin}/refuse`);
    await expect.poll(() => stored(page), WAIT).toBe('[]');
    expect(await page.evaluate(() => localStorage.length)).toBe(0);
  });

  test.each(['off', 'asked'])('goes when a page starts without consent: %s', async (path) => {
    const page = await openAndKeep('earlier work');
    expect(await page.evaluate(() => localStorage.length)).toBe(1);
    await page.goto(`${visit.shop.site.origin}/${path}`);
    await expect.poll(() => stored(page), WAIT).toBe('[]');
    expect(await page.evaluate(() => [localStorage.length, throughline.sessionId])).toEqual([0, undefined]);
  });

  test('stays where the site waits for an answer', async () => {
    const page = await openAndKeep('earlier work');
    await page.goto(`${visit.shop.site.origin}/minimal`);
    await page.evaluate(() => throughline.flush());
    expect(await stored(page)).toContain('earlier work');
    expect(await page.evaluate(() => localStorage.length)).toBe(1);
  });

  test('gets no more of what is done under minimal consent', async () => {
    const page = await openAndKeep('under full consent');
    await page.evaluate(() => {
      throughline.setConsent('minimal');
      throughline.trace('under less', () => {});
    });
    // The last moment at which a page stores something; it waits for its turn before ours.
    await page.goto(`${visit.shop.site.origin}/api/plain`);
    const left = await stored(page);
    expect(left).toContain('under full consent');
    expect(left).not.toContain('under less');
  });
});

describe('what the site says', () => {
  test('user, attributes and own spans are on what comes after', async () => {
    const page = await open({
      attributes: `data-attributes='{"tenant":"acme"}' data-propagate-baggage="session.id,tenant"`,
    });
    const value = await page.evaluate(async () => {
      throughline.setUser({ id: 'u-7', plan: 'pro' });
      throughline.setAttributes({ 'feature_flag.checkout': 'b' });
      return throughline.trace('add up', async () => (await fetch('/api/sum')).status, { items: 3 });
    });
    expect(value).toBe(200);
    const own = await spanWhere(visit.shop, page, ({ name }) => name === 'add up');
    const request = await spanWhere(visit.shop, page, ({ name }) => name === 'GET /api/sum');
    expect(request).toMatchObject({ traceId: own.traceId, parentSpanId: own.spanId });
    expect(attributesOf(own)).toMatchObject({
      tenant: 'acme',
      'user.id': 'u-7',
      'user.plan': 'pro',
      'feature_flag.checkout': 'b',
      items: 3,
    });
    expect(visit.shop.site.asked('/api/sum')[0]?.headers.baggage).toMatch(/^session\.id=[0-9a-f]{32},tenant=acme$/);
  });

  test('a span whose work fails says so, and the page gets its error', async () => {
    const page = await open({});
    const caught = await page.evaluate(() =>
      throughline.trace('fail', () => Promise.reject(new RangeError('no'))).catch((error: Error) => error.message),
    );
    expect(caught).toBe('no');
    const span = await spanWhere(visit.shop, page, ({ name }) => name === 'fail');
    expect(span.status?.code).toBe(2);
  });

  test('redaction and the last word apply to spans and events; what they cannot judge is not sent', async () => {
    const page = await open();
    await page.evaluate(async (collector) => {
      throughline.stop();
      const text = await (await fetch('/throughline.js')).text();
      // The script tag takes no functions: a page that wants them hands them over in the module's way.
      const given = {
        redact: (value: string) => value.replaceAll('hunter', '****'),
        beforeSend: ({ name }: { name: string }) => name !== 'unwanted',
      };
      Object.defineProperty(document, 'currentScript', {
        configurable: true,
        value: { dataset: { key: 'pk', collector, ...given } },
      });
      const script = document.createElement('script');
      script.textContent = text;
      document.head.append(script);
      throughline.trace('unwanted', () => {});
      throughline.trace('wanted', () => {}, { card: 'hunter 1111' });
    }, visit.shop.collector.origin);
    const wanted = await spanWhere(visit.shop, page, ({ name }) => name === 'wanted');
    expect(attributesOf(wanted).card).toBe('**** 1111');
    expect(everything()).not.toMatch(/unwanted|hunter/);
  });

  test('ignored URLs are left alone, and events are capped a minute', async () => {
    const page = await open({ attributes: 'data-ignore-urls="/api/health" data-max-events-per-minute="20"' });
    await page.evaluate(async () => {
      await fetch('/api/health/live');
      for (let i = 0; i < 60; i++)
        (throughline as unknown as { captureException(e: Error): void }).captureException(new Error(`no ${i}`));
      await fetch('/api/traced');
    });
    await spanWhere(visit.shop, page, ({ name }) => name === 'GET /api/traced');
    expect(Object.keys(visit.shop.site.asked('/api/health/live')[0]?.headers ?? {})).not.toContain('traceparent');
    await eventWhere(visit.shop, page, ({ eventName }) => eventName === 'exception');
    expect(visit.shop.collector.logs().filter(({ eventName }) => eventName === 'exception').length).toBeLessThanOrEqual(
      20,
    );
    expect(everything()).not.toContain('/api/health');
  });
});
