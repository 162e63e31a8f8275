import type { HandedCall, HandedClick, Handover } from './handover.ts';

// The inline loader: at most 1 kB gzip, written into the page before everything else, with the script tag's data-*. It adds
// the agent's script, and until that runs it lets requests carry the trace and keeps what happens; the agent reports it
// under the ids used here. Small comes before pretty in this one file, so nothing is imported.

const page = window as Window & { throughline?: Handover };
const tag = document.currentScript as HTMLScriptElement;
const data = tag.dataset;
const original = fetch;
const random = (bytes: number) =>
  [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => (byte + 256).toString(16).slice(1)).join('');

function start(): void {
  let rv = random(7);
  let click: HandedClick | undefined;
  try {
    rv = JSON.parse(localStorage['throughline.session']).rv;
  } catch {
    // expected: no session yet, or no storage
  }
  const [timing] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  const served = timing?.serverTiming.find(({ name }) => name === 'traceparent');
  const traceId = served?.description.split('-')[1] ?? random(16);
  // The agent compares the same bits with a threshold of the same size.
  const isSampled = Number(`0x${rv}`) / 2 ** 56 >= 1 - Number(data.sampleRatio ?? 1);
  const origins = [location.origin, ...`${data.propagateTo}`.split(/[\s,]+/)];
  const calls: HandedCall[] = [];
  const errors: unknown[] = [];

  const traced: typeof fetch = (input, init) => {
    let call = {} as HandedCall;
    let own = init;
    try {
      const url = new URL((input as Request).url ?? input, document.baseURI);
      const request = input as Request;
      const headers = new Headers(init?.headers ?? request.headers);
      call = { url: url.href, method: init?.method ?? request.method, startMs: performance.now(), click };
      if (origins.includes(url.origin) && !headers.has('traceparent')) {
        call.spanId = random(8);
        headers.set('traceparent', `00-${click?.traceId ?? traceId}-${call.spanId}-0${isSampled ? 3 : 2}`);
        headers.set('tracestate', `ot=rv:${rv}`);
        own = Object.create(init ?? null, { headers: { value: headers } });
      }
      calls.push(call);
    } catch {
      // expected: fetch will reject it
    }
    const over = (end: Partial<HandedCall>) => {
      Object.assign(call, end, { endMs: performance.now() });
      call.done?.();
    };
    const sent = original(input, own);
    sent.then(
      ({ status }) => over({ status }),
      ({ name }) => over({ error: name }),
    );
    return sent.then((answer) => answer);
  };
  const heard = (event: Event & { error?: unknown; reason?: unknown }) => {
    if (event.type !== 'click') errors.push(event.error ?? event.reason);
    else if (event.isTrusted) {
      click = { event, traceId: random(16), spanId: random(8) };
      setTimeout(() => {
        click = undefined;
      });
    }
  };
  const listeners = (change: typeof addEventListener) => {
    for (const type of ['click', 'error', 'unhandledrejection']) change(type, heard, true);
  };
  listeners(addEventListener);
  window.fetch = traced;
  page.throughline = {
    traceId,
    rv,
    calls,
    errors,
    quit() {
      listeners(removeEventListener);
      if (fetch === traced) window.fetch = original;
    },
  };
}

try {
  if (!page.throughline) start();
} finally {
  const script = document.createElement('script');
  Object.assign(script.dataset, data);
  // Without it browsers keep quiet about promises that fail under a frame of ours.
  script.crossOrigin = '';
  script.nonce = tag.nonce;
  const rules = { createScriptURL: (url: string) => url };
  const { trustedTypes } = window as { trustedTypes?: { createPolicy(name: string, of: typeof rules): typeof rules } };
  const policy = trustedTypes?.createPolicy('throughline', rules) ?? rules;
  script.src = policy.createScriptURL(`${data.collector}/throughline.js`);
  tag.after(script);
}
