import { chromium } from 'playwright';
import { CHROMIUM_ARGS, ensureChromium } from '../../scripts/chromium.ts';
import { completeTraces, type Expectation, readTraces, type Span, type Trace } from './traces.ts';

/** People look before they click; it also lets what they did before come to its end. */
const LOOK_MS = 1_500;
const TRACES_TIMEOUT_MS = 30_000;
const PRODUCT = { id: 3, name: 'Switchback pack' };
const SLOW_PRODUCT = { id: 7, name: 'Summit socks' };

interface VisitOptions {
  shop: string;
  collector: string;
  onStep(what: string): void;
}

/**
 * Sends a headless visitor through the shop and waits until all it did is traced.
 * @returns the visit's traces, oldest first
 * @throws Error when a step or its trace does not come
 */
export async function visitShop({ shop, collector, onStep }: VisitOptions): Promise<Trace[]> {
  const browser = await chromium.launch({
    executablePath: ensureChromium(),
    args: CHROMIUM_ARGS,
    // Whoever starts the visit decides what a signal ends, and in which order.
    ...{ handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false },
  });
  try {
    const fromMs = Date.now();
    const page = await browser.newPage();
    const look = () => page.waitForTimeout(LOOK_MS);

    onStep(`opens the product page of the ${PRODUCT.name}`);
    await page.goto(`${shop}/products/${PRODUCT.id}`, { waitUntil: 'load' });
    await look();

    onStep('adds it to the cart');
    await page.getByRole('button', { name: 'Add to cart' }).click();
    await page.getByRole('status').getByText('In your cart').waitFor();
    await look();

    onStep(`goes to the ${SLOW_PRODUCT.name}, the slow product (soft navigation)`);
    await page.getByRole('link', { name: SLOW_PRODUCT.name }).click();
    await page.getByRole('heading', { name: SLOW_PRODUCT.name }).waitFor();
    await look();

    onStep('previews its gift wrap, which throws');
    const thrown = page.waitForEvent('pageerror');
    await page.getByRole('button', { name: 'Preview gift wrap' }).click();
    await thrown;
    await look();

    onStep('goes back to all products (soft navigation)');
    await page.getByRole('link', { name: 'Shop', exact: true }).click();
    await page.getByRole('heading', { name: 'Good things' }).waitFor();
    await look();

    onStep('orders what is in the cart, which goes through a queue');
    await page.getByRole('link', { name: 'Cart', exact: true }).click();
    await page.getByRole('button', { name: 'Place order' }).click();
    await page.getByRole('status').getByText('is on its way').waitFor();
    await look();

    onStep('closes the tab');
    await page.close();

    onStep('is gone; waiting for the traces');
    return await completeTraces(() => readTraces(collector, fromMs), {
      expectations: EXPECTATIONS,
      timeoutMs: TRACES_TIMEOUT_MS,
    });
  } finally {
    await browser.close();
  }
}

const VITALS = ['lcp', 'inp', 'cls', 'fcp', 'ttfb'];

const EXPECTATIONS: Expectation[] = [
  {
    what: 'a page load down to the database',
    met: (traces) => traces.some((trace) => activityOf(trace) === 'page load' && reachesDatabase(trace)),
  },
  {
    what: 'an “Add to cart” down to the database',
    met: (traces) =>
      traces.some(
        (trace) => activityOf(trace) === 'interaction' && reachesDatabase(trace) && posts(trace, '/api/cart'),
      ),
  },
  {
    what: 'the slow product down to its slow query',
    met: (traces) => traces.some((trace) => trace.spans.some((span) => isQuery(span) && span.durationMs > 300)),
  },
  {
    what: 'the error of the gift wrap',
    met: (traces) => traces.some(({ events }) => events.some(({ name }) => name === 'exception')),
  },
  {
    what: 'the order, through the queue to the database',
    met: (traces) =>
      traces.some((trace) => trace.spans.some(({ kind }) => kind === 'consumer') && trace.spans.some(isQuery)),
  },
  {
    what: 'the web vitals LCP, INP, CLS, FCP and TTFB',
    met: (traces) => {
      const events = traces.flatMap((trace) => trace.events);
      return VITALS.every((vital) => events.some(({ attributes }) => attributes['browser.web_vital.name'] === vital));
    },
  },
];

function activityOf(trace: Trace): unknown {
  return trace.spans.find(({ spanId }) => spanId === trace.root)?.attributes['throughline.activity'];
}

function reachesDatabase(trace: Trace): boolean {
  const services = new Set(trace.spans.map(({ service }) => service));
  return ['shop-web', 'shop-edge', 'shop-backend'].every((name) => services.has(name)) && trace.spans.some(isQuery);
}

function isQuery(span: Span): boolean {
  return span.attributes['db.system.name'] === 'sqlite';
}

function posts(trace: Trace, path: string): boolean {
  return trace.spans.some(
    ({ attributes }) => attributes['url.path'] === path && attributes['http.request.method'] === 'POST',
  );
}
