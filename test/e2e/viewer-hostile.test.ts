import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TraceSummary } from '../../edge/store/trace-store.ts';
import type { SpanView, TraceView, ViewAttributes } from '../../edge/trace/trace-view.ts';
import { launchBrowser } from '../support/browser.ts';
import { shopDay } from '../support/large-traces.ts';
import { TALE_START_MS } from '../support/trace-tale.ts';
import { startViewerServer, type ViewerServer } from '../support/viewer-server.ts';
import { XSS_PAYLOADS } from '../support/xss-payloads.ts';

/** Every string of a trace is the payload, but for what the collector validates (ids, numbers, kinds). */
function hostileTrace(payloads: readonly string[]): TraceView {
  const attributesOf = (payload: string): ViewAttributes => {
    const attributes: ViewAttributes = Object.create(null);
    attributes[payload] = payload;
    attributes['url.full'] = payload;
    attributes['http.request.method'] = payload;
    attributes['session.id'] = payload;
    attributes['throughline.activity'] = payload;
    attributes['throughline.request.phases'] = payload;
    attributes.list = [payload, { [payload]: payload }];
    attributes['exception.type'] = payload;
    attributes['exception.message'] = payload;
    attributes['exception.stacktrace'] = payload.includes('\n')
      ? payload
      : `${payload}\n    at ${payload} (${payload}:1:2)`;
    attributes['browser.web_vital.name'] = payload;
    return attributes;
  };
  const spans = payloads.map((payload, index): SpanView => {
    const spanId = (index + 1).toString(16).padStart(16, '0');
    const event = {
      timeMs: TALE_START_MS,
      spanId,
      service: payload,
      severity: 9,
      body: payload,
      attributes: attributesOf(payload),
    };
    return {
      spanId,
      parentSpanId: index === 0 ? '' : '0000000000000001',
      name: payload,
      kind: 'client',
      service: payload,
      layer: 'browser',
      startMs: TALE_START_MS + index,
      durationMs: 1000,
      shiftMs: 1,
      stretchMs: 1,
      status: 'error',
      statusMessage: payload,
      attributes: attributesOf(payload),
      events: [
        { ...event, name: 'exception' },
        { ...event, name: payload },
        {
          ...event,
          name: 'browser.web_vital',
          attributes: {
            'browser.web_vital.name': 'lcp',
            'browser.web_vital.value': 100,
            'throughline.web_vital.attribution.target': payload,
            'throughline.web_vital.attribution.url': payload,
          },
        },
      ],
      links: [{ traceId: payload, spanId: payload, attributes: attributesOf(payload) }],
      resource: index,
      scope: payload,
      trust: 'public',
      orphan: index % 2 === 1,
    };
  });
  return {
    traceId: 'a'.repeat(32),
    root: '0000000000000001',
    hasRoot: false,
    startMs: TALE_START_MS,
    durationMs: 2000,
    spans,
    events: [],
    resources: payloads.map((payload) => ({
      service: payload,
      layer: 'browser',
      trust: 'public',
      attributes: attributesOf(payload),
    })),
    warnings: payloads.slice(0, 40),
  };
}

const hostileRow = (payload: string, index: number): TraceSummary => ({
  ...(shopDay(1)[0] as TraceSummary),
  traceId: payload,
  name: payload,
  service: payload,
  services: [payload, `${payload}2`],
  route: payload,
  activity: payload,
  sessionId: payload,
  startMs: TALE_START_MS - index,
});

/** Nothing of these has a place in what the viewer draws. */
const FOREIGN_ELEMENTS =
  'script, iframe, object, embed, img, video, audio, style, link, meta, base, form, math, marquee, template';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

describe.each([true, false])('with the content security policy %s', (csp) => {
  let server: ViewerServer;
  let page: Page;
  let foreign: string[];
  let problems: string[];

  beforeAll(async () => {
    server = await startViewerServer({ csp });
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    foreign = [];
    problems = [];
    await page.addInitScript(() => {
      Object.assign(window, {
        executions: 0,
        pwned: () => Object.assign(window, { executions: Reflect.get(window, 'executions') + 1 }),
      });
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url)) foreign.push(request.url());
    });
    page.on('dialog', (dialog) => {
      foreign.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  });
  afterAll(async () => {
    await page.close();
    await server.close();
  });

  const harm = () =>
    page.evaluate((selector) => {
      const badLinks = [...document.querySelectorAll('a[href]')]
        .map((link) => (link as HTMLAnchorElement).protocol)
        .filter((protocol) => protocol !== 'http:' && protocol !== 'https:');
      const handlers = [...document.querySelectorAll('*')].flatMap((element) =>
        element.getAttributeNames().filter((name) => /^on|^srcdoc$|^formaction$/i.test(name)),
      );
      return {
        executions: Reflect.get(window, 'executions'),
        badLinks,
        handlers,
        elements: [...document.querySelectorAll(`#viewer :is(${selector})`)].map(({ outerHTML }) =>
          outerHTML.slice(0, 200),
        ),
      };
    }, FOREIGN_ELEMENTS);
  const none = { executions: 0, badLinks: [], handlers: [], elements: [] };

  test('the corpus would run where markup is trusted', async () => {
    // The test must be able to fail: in a page that trusts markup, payloads of this corpus do run.
    const naive = await browser.newPage();
    await naive.goto('about:blank');
    const executions = await naive.evaluate(
      async (payloads) => {
        let count = 0;
        Object.assign(window, { pwned: () => (count += 1) });
        for (const payload of payloads) document.body.insertAdjacentHTML('beforeend', payload);
        await new Promise((resolve) => setTimeout(resolve, 300));
        return count;
      },
      XSS_PAYLOADS.filter((payload) => payload.startsWith('<img')),
    );
    await naive.close();
    expect(executions).toBeGreaterThan(0);
    expect(XSS_PAYLOADS.length).toBeGreaterThanOrEqual(200);
  });

  test('nothing runs from any field of the list', async () => {
    for (let from = 0; from < XSS_PAYLOADS.length; from += 50) {
      server.summaries = XSS_PAYLOADS.slice(from, from + 50).map(hostileRow);
      await page.goto(server.url);
      await page.locator('.trace-row').first().waitFor();
      expect(await page.locator('.trace-row').count()).toBe(server.summaries.length);
      expect(await harm()).toEqual(none);
    }
    const payload = XSS_PAYLOADS[1] as string;
    await page.goto(
      `${server.url}/?sessionId=${encodeURIComponent(payload)}&name=${encodeURIComponent(payload)}&service=${encodeURIComponent(payload)}`,
    );
    await page.locator('.condition').first().waitFor();
    server.failure = { status: 500, body: JSON.stringify({ error: payload }) };
    await page.goto(server.url);
    await page.locator('.notice').waitFor();
    expect(await harm()).toEqual(none);
    server.failure = undefined;
    problems = problems.filter((text) => !/status of 500/.test(text));
    expect({ foreign, problems }).toEqual({ foreign: [], problems: [] });
  });

  test('nothing runs from any field of a trace', async () => {
    const view = hostileTrace(XSS_PAYLOADS);
    server.views.set(view.traceId, view);
    await page.goto(`${server.url}/traces/${view.traceId}`);
    await page.locator('.row').first().waitFor();
    await page.getByRole('treegrid').focus();
    await page.keyboard.press('Home');
    // Through the page's own selection, span by span, with every section of the details open.
    const shown = await page.evaluate(async (count) => {
      const grid = document.querySelector('[role=treegrid]') as HTMLElement;
      const seen = new Set<string>();
      for (let index = 0; index < count; index += 1) {
        for (const section of document.querySelectorAll('details')) section.open = true;
        seen.add(document.querySelector('.span-details .facts code')?.textContent ?? '');
        grid.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
        await new Promise(requestAnimationFrame);
        const badLink = [...document.querySelectorAll<HTMLAnchorElement>('a[href]')].find(
          ({ protocol }) => !/^https?:$/.test(protocol),
        );
        if (badLink) throw new Error(`A link leads to ${badLink.href}`);
      }
      return seen.size;
    }, XSS_PAYLOADS.length);
    expect(shown).toBe(XSS_PAYLOADS.length);
    expect(await harm()).toEqual(none);
    expect({ foreign, problems }).toEqual({ foreign: [], problems: [] });
  });

  test('nothing runs from what is hovered, clicked, searched or copied', async () => {
    await page.getByRole('button', { name: 'Show as sent' }).first().click();
    for (const flag of (await page.locator('.flag').all()).slice(0, 5)) await flag.hover({ force: true });
    await page.keyboard.press('/');
    await page.keyboard.type('<img src=x onerror=pwned()>');
    await page
      .getByRole('button', { name: /^Copy the value/ })
      .first()
      .click({ force: true });
    await page.keyboard.press('Escape');
    expect(await harm()).toEqual(none);
    expect({ foreign, problems }).toEqual({ foreign: [], problems: [] });
  });

  test('prototypes are as they were', async () => {
    expect(
      await page.evaluate(
        () => Object.keys(Object.prototype).length + Object.getOwnPropertyNames(Object.prototype).length,
      ),
    ).toBe(12);
  });
});
