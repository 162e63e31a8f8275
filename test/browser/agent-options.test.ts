import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attributesOf, spanWhere, startAgentSite } from '../support/agent-page.ts';
import { launchBrowser } from '../support/browser.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** What the page said, and whether it is traced, with these attributes on the script tag. */
async function load(attributes: string, head = '') {
  const shop = await startAgentSite({ attributes, head });
  const opened = await shop.open(browser);
  const hasAgent = await opened.page.evaluate(() => 'throughline' in window);
  const said = opened.console.filter((line) => line.startsWith('Throughline'));
  expect(opened.pageErrors).toEqual([]);
  return {
    shop,
    hasAgent,
    said,
    page: opened.page,
    async close() {
      await opened.close();
      await shop.close();
    },
  };
}

describe('options on the script tag', () => {
  test.each([
    ['data-sample-ratio="lots"', 'option "sampleRatio" must be a number from 0 to 1; got "lots". Using 1.'],
    ['data-sample-ratio="2"', 'option "sampleRatio" must be a number from 0 to 1; got "2". Using 1.'],
    [
      'data-propagate-to="api.example"',
      'option "propagateTo" must be a list of origins as https://api.example; got "api.example". It is ignored.',
    ],
    ['data-debug="maybe"', 'option "debug" must be true or false; got "maybe". Using false.'],
    ['data-version=" "', 'option "version" must be a string of 1 to 256 characters; got " ". It is ignored.'],
    ['data-sample-rate="1"', 'there is no option "sampleRate"; there are '],
  ])('%s gives one warning and the default', async (attributes, warning) => {
    const { said, hasAgent, close } = await load(attributes);
    expect(hasAgent).toBe(true);
    expect(said).toEqual([expect.stringContaining(`Throughline: ${warning}`)]);
    await close();
  });

  test('without a key nothing is traced, and the console says what to do', async () => {
    const { said, hasAgent, close } = await load('', '<script src="/throughline.js" data-service="shop-web"></script>');
    // The page's own tag comes second, and starts: the first one stood down.
    expect(said).toEqual([expect.stringContaining('option "key" (data-key) is missing')]);
    expect(hasAgent).toBe(true);
    await close();
  });

  test('a second agent on a page stands down and says so', async () => {
    const { said, shop, page, close } = await load('', '');
    expect(said).toEqual([]);
    const warned = page.waitForEvent('console');
    await page.addScriptTag({ url: `${shop.site.origin}/throughline.js` });
    await page.evaluate(() => fetch('/api/once').then(() => {}));
    expect((await warned).text()).toContain('an agent runs on this page already');
    await spanWhere(shop, page, ({ name }) => name === 'GET /api/once');
    expect(shop.collector.spans().filter(({ name }) => name === 'GET /api/once')).toHaveLength(1);
    await close();
  });

  test('what they say is on the resource', async () => {
    const { shop, page, close } = await load('data-version="1.2.3" data-environment="staging"');
    await spanWhere(shop, page, ({ name }) => name === 'page load /');
    // Whichever batch is first may hold events alone.
    const resource = shop.collector.requests.flatMap(({ body }) => body.resourceSpans ?? [])[0]?.resource;
    expect(attributesOf(resource ?? {})).toMatchObject({
      'service.name': 'shop-web',
      'service.version': '1.2.3',
      'deployment.environment.name': 'staging',
      'telemetry.sdk.language': 'webjs',
      'telemetry.distro.name': 'throughline',
    });
    await close();
  });

  test('an unsampled session reports nothing, and says so to the servers it asks', async () => {
    const { shop, page, close } = await load('data-sample-ratio="0"');
    await page.evaluate(() => fetch('/api/quiet').then(() => {}));
    expect(shop.site.asked('/api/quiet')[0]?.headers).toMatchObject({
      traceparent: expect.stringMatching(/-02$/),
      tracestate: expect.stringMatching(/^ot=rv:[0-9a-f]{14}$/),
    });
    await page.evaluate(() => (window as { throughline?: { flush(): Promise<void> } }).throughline?.flush());
    expect(shop.collector.spans()).toEqual([]);
    await close();
  });
});
