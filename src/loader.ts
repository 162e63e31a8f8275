import type { HandedCall, HandedClick, HandedError, Handover } from './handover.ts';

// The inline loader: at most 1 kB gzip, written into the page before everything else, with the script tag's data-*. It adds
// the agent's script (`data-script` and `data-integrity` name one version of it), and until that runs it lets requests
// carry the trace and keeps what happens; the agent reports it under the ids used here. Small comes before pretty in this
// one file, so nothing is imported.

const tag = document.currentScript as HTMLScriptElement;
const { script: file = 'throughline.js', ...data } = tag.dataset;
const original = fetch;
const random = (bytes: number) =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => (byte + 256).toString(16).slice(1)).join('');

interface TrustedRules {
  createScriptURL(url: string): string;
}
declare global {
  interface Window {
    throughline?: Handover;
    trustedTypes?: { createPolicy(name: string, rules: TrustedRules): TrustedRules };
  }
}

function start(): void {
  let rv = random(7);
  let click: HandedClick | null | undefined;
  try {
    rv = JSON.parse(localStorage['throughline.session']).rv;
  } catch {
    // expected: no session yet, or no storage
  }
  const [timing] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  const served = timing?.serverTiming.find(({ name }) => name === 'traceparent');
  const traceId = served?.description.slice(3, 35) ?? random(16);
  // The agent compares the same bits with a threshold of the same size.
  const flags = +`0x${rv}` / 2 ** 56 < 1 - +(data.sampleRatio ?? 1) ? 2 : 3;
  const origins = `${window.origin},${data.propagateTo},`;
  const calls: HandedCall[] = [];
  const errors: HandedError[] = [];

  const traced: typeof fetch = (input, init) => {
    const call: HandedCall = { asked: [input, init], startMs: performance.now(), click };
    const request = input as Request;
    let own = init;
    let mode: object | false | undefined;
    calls.push(call);
    try {
      const { origin } = new URL(request.url ?? input, document.baseURI);
      const headers = new Headers(init?.headers ?? request.headers);
      // What is preloaded left already, and is found again only as it was asked for.
      const mayTell = !headers.has('traceparent') && !document.querySelector('[as=fetch]');
      if (mayTell && origins.includes(`${origin},`)) {
        call.spanId = random(8);
        headers.set('traceparent', `00-${click?.traceId ?? traceId}-${call.spanId}-0${flags}`);
        headers.set('tracestate', `ot=rv:${rv}`);
        // Redirected to another origin it fails before that is told, and is made again as the page made it.
        const isSafe = origin === window.origin && /^(get|head|)$/i.test(init?.method ?? request.method ?? '');
        mode = isSafe && { mode: { value: 'same-origin' } };
        own = Object.create(init ?? null, { headers: { value: headers }, ...mode });
      }
    } catch {
      // expected: fetch will reject it
    }
    const sent = original(input, own);
    call.settled = mode ? sent.catch(() => original(input, init)) : sent;
    return call.settled.finally(() => {
      call.endMs = performance.now();
    });
  };
  const heard = (event: Event) => {
    if (event.type !== 'click') errors.push(event as HandedError);
    else if (event.isTrusted) {
      click = { event, traceId: random(16) };
      setTimeout(() => {
        click = null;
      });
    }
  };
  const listeners = (change: typeof addEventListener) => {
    for (const type of ['click', 'error', 'unhandledrejection']) change(type, heard, true);
  };
  listeners(addEventListener);
  window.fetch = traced;
  window.throughline = {
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
  if (!window.throughline) start();
} finally {
  const script = document.createElement('script');
  Object.assign(script.dataset, data);
  // Without it browsers keep quiet about promises that fail under a frame of ours.
  script.crossOrigin = '';
  script.nonce = tag.nonce;
  script.integrity = tag.integrity;
  const rules: TrustedRules = { createScriptURL: (url) => url };
  const policy = window.trustedTypes?.createPolicy('throughline', rules) ?? rules;
  script.src = policy.createScriptURL(`${data.collector}/${file}`);
  tag.after(script);
}
