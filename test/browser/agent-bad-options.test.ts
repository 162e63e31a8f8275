import { buildSync } from 'esbuild';
import type { Browser, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type RecordingCollector, startRecordingCollector } from '../support/recording-collector.ts';
import { type Site, startSite } from '../support/site.ts';

// The module that ships, bundled as an application would.
const MODULE =
  buildSync({
    stdin: { contents: `import { start } from './dist/index.js'; window.start = start;`, resolveDir: process.cwd() },
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
  }).outputFiles[0]?.text ?? '';

/** Values of every kind, as code: each is wrong for most options. */
const WRONG: Record<string, string> = {
  'a number': '7',
  'a negative number': '-1',
  'not a number': 'NaN',
  infinity: 'Infinity',
  'a big integer': '10n',
  yes: 'true',
  'a symbol': 'Symbol("theirs")',
  'an empty text': '""',
  blanks: '"  "',
  text: '"lots"',
  'a long text': '"x".repeat(1e6)',
  'an object': '({ a: 1 })',
  'an object without prototype': 'Object.create(null)',
  'an object that throws when it is read':
    'new Proxy({}, { get() { throw new Error("theirs") }, ownKeys() { throw new Error("theirs") } })',
  'an object that cannot be a text':
    '({ toString() { throw new Error("theirs") }, get a() { throw new Error("theirs") } })',
  'a revoked proxy': '(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })()',
  'a circle': '(() => { const a = {}; a.a = a; return a })()',
  'a list': '[1, {}, null]',
  'a list that throws': '[new Proxy({}, { get() { throw new Error("theirs") } })]',
  'a function': '() => { throw new Error("theirs") }',
  'a class': 'class { constructor() { throw new Error("theirs") } }',
  'a date': 'new Date(NaN)',
  'a mark': '"("',
  'an element': 'document.body',
};
const TEXT = /^(text|a mark)$/;
const LIST = /^(an empty text|blanks|text|a long text|a mark)$/;
const NOTHING = /^(an empty text|blanks)$/;
const FUNCTION = /^(a function|a class)$/;
/** The options but those an agent cannot start without, each with the kinds of value that are good for it after all. */
const OPTIONS: Record<string, RegExp> = {
  service: TEXT,
  version: TEXT,
  environment: TEXT,
  nonce: TEXT,
  sampleRatio: /^$/,
  maxEventsPerMinute: /^a number$/,
  propagateTo: NOTHING,
  propagateBaggage: LIST,
  ignoreUrls: LIST,
  targetData: LIST,
  instrumentations: NOTHING,
  consent: /^$/,
  debug: /^(yes|an empty text)$/,
  attributes: /^(an object|an object without prototype|a circle|a date|an element)$/,
  route: FUNCTION,
  graphql: FUNCTION,
  redact: FUNCTION,
  beforeSend: FUNCTION,
};

let browser: Browser;
let collector: RecordingCollector;
let site: Site;
let page: Page;
let errors: string[];
beforeAll(async () => {
  browser = await launchBrowser();
  collector = await startRecordingCollector(() => '');
  site = await startSite({
    page: () => `<!doctype html><title>shop</title><script>${MODULE}</script><body>shop</body>`,
  });
});
beforeEach(async () => {
  page = await browser.newPage();
  errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(site.origin);
});
afterEach(async () => {
  expect(errors).toEqual([]);
  await page.close();
});
afterAll(async () => {
  await Promise.all([browser.close(), collector.close(), site.close()]);
});

/** Starts an agent with `options` (code), uses all of it, and stops it; what it said, and whether it ran and the page did. */
const run = (options: string) =>
  page.evaluate(
    `(async () => {
      const said = []; const { warn } = console; console.warn = (text) => said.push(String(text));
      try {
        const agent = start(${options});
        const isRunning = 'throughline' in window;
        const value = agent.trace('work', () => 7);
        agent.captureException(new Error('told')); agent.setUser({ id: 'u' }); agent.setAttributes({ a: 1 });
        const status = (await fetch('/api/x')).status;
        history.pushState(null, '', '/' + Math.random());
        await agent.flush(); agent.stop();
        return { said, isRunning, page: [value, status] };
      } finally { console.warn = warn }
    })()`,
  ) as Promise<{ said: string[]; isRunning: boolean; page: unknown[] }>;
const given = (more: string) => `{ key: 'pk_test', collector: ${JSON.stringify(collector.origin)}, ${more} }`;

describe('start() with an option that is', () => {
  test.each(Object.entries(WRONG))(
    '%s: one sentence for each, the default, and the page goes on',
    async (kind, code) => {
      const all = Object.keys(OPTIONS).map((option) => `${option}: ${code}`);
      const { said, isRunning, page: noticed } = await run(given(all.join(', ')));
      expect([isRunning, noticed]).toEqual([true, [7, 200]]);
      // A name that no signal has is told by the name; a function that throws, when it is called.
      const told = said.flatMap(
        (line) => /option "(\w+)" must/.exec(line)?.[1] ?? (line.includes('no signal') ? 'instrumentations' : []),
      );
      const wrong = Object.keys(OPTIONS).filter((option) => !OPTIONS[option]?.test(kind));
      expect(told.sort()).toEqual(wrong.sort());
      expect(said.length - told.length).toBeLessThanOrEqual(FUNCTION.test(kind) ? 1 : 0);
    },
  );

  test.each(['key', 'collector'])('%s: nothing is traced, and the page goes on', async (option) => {
    for (const [kind, code] of Object.entries(WRONG)) {
      if (TEXT.test(kind) && option === 'key') continue;
      const { isRunning, page: noticed } = await run(given(`${option}: ${code}`));
      expect([kind, isRunning, noticed]).toEqual([kind, false, [7, 200]]);
    }
  });
});

test.each(['undefined', 'null', '7', '"text"', '[]', '() => {}', WRONG['a revoked proxy'] ?? ''])(
  'start(%s) stands down',
  async (options) => {
    const { said, isRunning, page: noticed } = await run(options);
    expect([isRunning, noticed]).toEqual([false, [7, 200]]);
    expect(said.at(-1)).toMatch(/"key"|could not start/);
  },
);

test('getters that throw and inherited options: the others count, and nothing is written', async () => {
  const { said, isRunning } = await run(
    `Object.freeze(Object.create(${given('')}, { version: { enumerable: true, get() { throw new Error('theirs') } }, toString: { value: 1 } }))`,
  );
  expect(isRunning).toBe(true);
  expect(said).toEqual([
    expect.stringContaining('option "version" must be a string of 1 to 256 characters; got something'),
  ]);
});

test('data-*: each wrong value is told once, and the page is traced', async () => {
  const attributes =
    'data-sample-ratio="lots" data-propagate-to="not a url" data-consent="maybe" data-route="f" data-graphql="f" data-redact="f" ' +
    'data-before-send="f" data-attributes="{" data-max-events-per-minute="-1" data-debug="maybe" data-instrumentations="webvitals"';
  const tag = `<script src="/throughline.js" data-key="pk_test" data-collector="${collector.origin}" ${attributes}></script>`;
  const tagged = await startSite({ page: () => `<!doctype html><title>shop</title>${tag}<body>shop</body>` });
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  await page.goto(tagged.origin);
  expect(await page.evaluate(() => 'throughline' in window)).toBe(true);
  expect(said.map((line) => /(?:option|signal) "(\w+)"/.exec(line)?.[1]).sort()).toEqual([
    'attributes',
    'beforeSend',
    'consent',
    'debug',
    'graphql',
    'maxEventsPerMinute',
    'propagateTo',
    'redact',
    'route',
    'sampleRatio',
    'webvitals',
  ]);
  await tagged.close();
});
