/**
 * What pages do, each as code that runs in one and answers with everything the page could notice. `foreign` is another
 * origin that allows ours by CORS but no headers of its own choosing.
 */
export type HostBehaviour = (foreign: string) => unknown;

const PATCHED = `[
  [window, 'fetch'], [window, 'setTimeout'], [window, 'setInterval'], [window, 'requestAnimationFrame'],
  [window, 'requestIdleCallback'], [window, 'WebSocket'], [window, 'EventSource'],
  [XMLHttpRequest.prototype, 'open'], [XMLHttpRequest.prototype, 'send'], [XMLHttpRequest.prototype, 'setRequestHeader'],
  [Response.prototype, 'json'], [Response.prototype, 'text'], [Response.prototype, 'blob'],
  [ReadableStreamDefaultReader.prototype, 'read'], [MessagePort.prototype, 'postMessage'],
  [Navigator.prototype, 'sendBeacon'], [WebSocket.prototype, 'send'], [EventSource.prototype, 'close'],
  [WebSocket.prototype, 'constructor'], [EventSource.prototype, 'constructor'], [console, 'error'], [history, 'pushState'],
]`;

/**
 * Code by what it does; each runs as the body of an async function with `foreign` and `outcome` at hand. A request that
 * is taken back before its answer goes to /api/fleeting: whether it ever left the browser is up to the browser.
 */
export const HOST_BEHAVIOURS: Readonly<Record<string, string>> = {
  'fetch of a bad URL rejects': `return outcome(() => fetch('http://'))`,
  'fetch of a URL with credentials rejects': `return outcome(() => fetch('http://a:b@localhost/'))`,
  'fetch without arguments rejects': `return outcome(() => fetch())`,
  'a bad method rejects': `return outcome(() => fetch('/api/x', { method: 'TR ACE' }))`,
  'a bad header rejects': `return outcome(() => fetch('/api/x', { headers: { 'bad name': '1' } }))`,
  'GET with a body rejects': `return outcome(() => fetch('/api/x', { body: 'b' }))`,
  'an init that throws rejects the same way': `return outcome(() => fetch('/api/x', { get method() { throw new RangeError('mine') } }))`,
  'init is never written': `
    const init = { method: 'POST', headers: { a: '1' }, body: 'x' };
    const before = JSON.stringify(Object.getOwnPropertyDescriptors(init));
    await fetch('/api/x', init);
    return before === JSON.stringify(Object.getOwnPropertyDescriptors(init)) && Reflect.ownKeys(init).join()`,
  'a frozen init works': `return (await fetch('/api/x', Object.freeze({ method: 'POST', headers: Object.freeze({ a: '1' }) }))).status`,
  'an init from a class works': `
    class Init { get method() { return 'PATCH' } get headers() { return [['a', '1']] } }
    return (await fetch('/api/x', new Init())).status`,
  'Headers of the caller stay as they were': `
    const headers = new Headers({ a: '1' });
    await fetch('/api/x', { headers });
    return [...headers]`,
  'a Request stays as it was, and is used': `
    const request = new Request('/api/x', { method: 'POST', body: 'b', headers: { a: '1' } });
    await fetch(request);
    return [request.bodyUsed, [...request.headers], (await outcome(() => fetch(request)))]`,
  'Request and init together': `
    const request = new Request('/api/x', { method: 'PUT', headers: { a: 'request' }, body: 'b' });
    return (await fetch(request, { method: 'DELETE', headers: { a: 'init' }, body: 'c' })).status`,
  'a Request for a foreign origin': `return (await fetch(new Request(foreign + '/api/x'))).status`,
  'referrer of a Request is kept': `
    await fetch(new Request('/api/x', { referrer: '/from', referrerPolicy: 'unsafe-url' }));
    return true`,
  'an abort before and during': `
    const early = AbortSignal.abort(new Error('early'));
    const late = new AbortController();
    const running = outcome(() => fetch('/api/fleeting?delayMs=3000', { signal: late.signal }));
    setTimeout(() => late.abort('late'), 30);
    return [await outcome(() => fetch('/api/x', { signal: early })), await running, await outcome(() => fetch('/api/fleeting?delayMs=3000', { signal: AbortSignal.timeout(20) }))]`,
  'an abort while the body arrives': `
    const controller = new AbortController();
    const r = await fetch('/api/stream?chunks=100&everyMs=50', { signal: controller.signal });
    const body = outcome(() => r.text());
    controller.abort('enough');
    return [r.status, await body]`,
  redirects: `
    const seen = [];
    for (const redirect of ['follow', 'manual', 'error'])
      seen.push(await outcome(async () => { const r = await fetch('/api/go?redirect=/api/there', { redirect }); return [r.type, r.redirected, r.status, new URL(r.url || location.href).pathname] }));
    return seen`,
  'a redirect to a foreign origin': `
    const r = await fetch('/api/go?redirect=' + encodeURIComponent(foreign + '/api/landed'));
    return [r.type, r.redirected, r.status, new URL(r.url).pathname, (await r.json()).path]`,
  'CORS, no-cors and opaque answers': `
    const cors = await fetch(foreign + '/api/x');
    const opaque = await fetch(foreign + '/api/x', { mode: 'no-cors' });
    return [cors.type, cors.status, opaque.type, opaque.status, await outcome(() => fetch(foreign + '/api/x', { headers: { 'x-own': '1' } }))]`,
  'a body that is read in every way': `
    const r = async () => fetch('/api/x');
    return [await (await r()).text(), await (await r()).json(), (await (await r()).blob()).size, (await (await r()).arrayBuffer()).byteLength, (await (await r()).bytes()).length]`,
  'a body that is read twice': `const r = await fetch('/api/x'); await r.text(); return [r.bodyUsed, await outcome(() => r.text())]`,
  'a body that is not JSON': `const r = await fetch('/api/stream?chunks=1'); return outcome(() => r.json())`,
  'an answer before it is read': `const r = await fetch('/api/x'); return [r.bodyUsed, r.body.locked, r.constructor === Response, Object.prototype.toString.call(r)]`,
  'a stream chunk by chunk': `
    const reader = (await fetch('/api/stream?chunks=3&everyMs=20')).body.getReader();
    let text = ''; let reads = 0;
    for (let part; !(part = await reader.read()).done; reads++) text += new TextDecoder().decode(part.value);
    return text`,
  'a stream that is cancelled': `const r = await fetch('/api/stream?chunks=50&everyMs=20'); await r.body.cancel(); return r.bodyUsed`,
  'a stream iterated': `let n = 0; for await (const part of (await fetch('/api/stream?chunks=2')).body) n += part.length; return n`,
  'a clone': `const r = await fetch('/api/x'); const c = r.clone(); return [await r.text(), await c.text()]`,
  'fetch without a receiver': `const { fetch: alone } = window; return (await alone('/api/x')).status`,
  'fetch with a wrong receiver': `return outcome(() => fetch.call({}, '/api/x'))`,
  'fetch is no constructor': `return outcome(() => new fetch('/api/x'))`,
  'a fetch nobody handles': `
    const reasons = [];
    const listener = (event) => { event.preventDefault(); reasons.push(String(event.reason)) };
    addEventListener('unhandledrejection', listener);
    const told = new Promise((done) => addEventListener('unhandledrejection', done, { once: true }));
    await fetch('http://127.0.0.1:9/somebody').catch(() => {});
    fetch('http://127.0.0.1:9/nobody');
    await told;
    removeEventListener('unhandledrejection', listener);
    return reasons`,
  'a patch of the page over fetch': `
    const inner = window.fetch; let calls = 0;
    window.fetch = function (...args) { calls += 1; return inner.apply(this, args) };
    const { status } = await fetch('/api/x');
    window.fetch = inner;
    return [status, calls]`,
  'timers pass arguments, this and ids': `
    return new Promise((done) => {
      const id = setTimeout(function (a, b) { done([typeof id, id > 0, a, b, this === window]) }, 1, 'a', 2);
    })`,
  'timers with text, nothing and a bad receiver': `
    window.said = 0; setTimeout('window.said = 1');
    await new Promise((done) => setTimeout(done, 20));
    return [window.said, await outcome(() => setTimeout()), await outcome(() => setTimeout.call({}, () => {}))]`,
  'a cleared timer never fires': `
    let fired = 0; clearTimeout(setTimeout(() => fired++, 5)); const i = setInterval(() => fired++, 5); clearInterval(i);
    await new Promise((done) => setTimeout(done, 40));
    return fired`,
  'frames and idle callbacks get their arguments': `
    const frame = await new Promise((done) => requestAnimationFrame(function (t) { done([typeof t, this === window, arguments.length]) }));
    const idle = await new Promise((done) => requestIdleCallback((d) => done([typeof d.timeRemaining(), typeof d.didTimeout]), { timeout: 100 }));
    return [frame, idle]`,
  'the order of microtasks, messages and timers': `
    const order = []; const { port1, port2 } = new MessageChannel();
    await new Promise((done) => {
      port1.onmessage = () => { order.push('message'); };
      setTimeout(() => { order.push('timer'); done() }, 200);
      port2.postMessage(0);
      Promise.resolve().then(() => order.push('then')); queueMicrotask(() => order.push('microtask')); order.push('sync');
    });
    return order`,
  'XMLHttpRequest: events, in order': `
    const order = [];
    await new Promise((done) => {
      const xhr = new XMLHttpRequest();
      xhr.onreadystatechange = () => order.push('state ' + xhr.readyState);
      xhr.addEventListener('load', () => order.push('load listener'));
      xhr.open('GET', '/api/x');
      xhr.onload = () => order.push('onload ' + xhr.status);
      xhr.onloadend = done;
      xhr.send();
    });
    return [...new Set(order)]`,
  'XMLHttpRequest: faults': `
    const xhr = new XMLHttpRequest();
    return [await outcome(() => xhr.send()), await outcome(() => xhr.open('GET', 'http://')), await outcome(() => xhr.open('TR ACE', '/')), await outcome(() => xhr.setRequestHeader('a', '1')), await outcome(() => XMLHttpRequest.prototype.send.call({}))]`,
  'XMLHttpRequest: synchronous, reused and aborted': `
    const xhr = new XMLHttpRequest(); const seen = [];
    xhr.open('GET', '/api/x', false); xhr.send(); seen.push(xhr.status, xhr.responseText.length > 0);
    xhr.open('POST', '/api/x'); xhr.responseType = 'json'; xhr.send('b'); await new Promise((done) => (xhr.onload = done)); seen.push(xhr.response.path);
    xhr.onabort = () => seen.push('aborted');
    xhr.open('GET', '/api/fleeting?delayMs=2000'); xhr.responseType = ''; xhr.send(); xhr.abort(); seen.push(xhr.readyState);
    xhr.open('GET', '/api/stream?chunks=100&everyMs=50'); xhr.send();
    await new Promise((done) => (xhr.onprogress = done)); xhr.abort(); seen.push(xhr.readyState, xhr.status);
    return seen`,
  'XMLHttpRequest: a foreign origin gets no preflight': `
    const xhr = new XMLHttpRequest(); xhr.open('GET', foreign + '/api/xhr'); xhr.send();
    await new Promise((done) => (xhr.onloadend = done)); return xhr.status`,
  beacons: `return [navigator.sendBeacon('/api/beacon', 'x'), await outcome(() => navigator.sendBeacon('http://')), navigator.sendBeacon('/api/beacon', 'x'.repeat(70000))]`,
  EventSource: `
    const source = new EventSource('/api/stream?type=text/event-stream&chunks=2'); const seen = [];
    source.addEventListener('open', () => seen.push('open'));
    await new Promise((done) => (source.onmessage = ({ data }) => { seen.push(data); if (data === '1') done() }));
    source.close();
    return [seen, source.readyState, source.constructor === EventSource, await outcome(() => EventSource('/x')), await outcome(() => new EventSource('http://'))]`,
  'WebSocket: faults and shape': `
    class Own extends WebSocket {}
    const own = new Own('ws://127.0.0.1:9/');
    const event = await new Promise((done) => (own.onclose = done));
    return [own instanceof Own, own instanceof WebSocket, own.constructor === Own, WebSocket.name, WebSocket.length, WebSocket.CLOSED, event.code,
      await outcome(() => new WebSocket('ws://bad host/')), await new Promise((done) => (new WebSocket('/api/no-upgrade').onclose = ({ code }) => done(code))), await outcome(() => WebSocket('ws://x/')), await outcome(() => own.send())]`,
  history: `
    history.pushState({ a: 1 }, '', '/pushed'); const pushed = [location.pathname, history.state.a];
    const bad = await outcome(() => history.pushState(() => {}, '')); const far = await outcome(() => history.pushState(null, '', 'http://elsewhere.example/'));
    history.replaceState(null, '', '/'); return [pushed, bad, far]`,
  'functions look as they did': `
    return ${PATCHED}.map(([owner, name]) => {
      const f = owner[name]; const d = Object.getOwnPropertyDescriptor(owner, name);
      return [name, typeof f, f.name, f.length, f.toString(), /native code/.test(Function.prototype.toString.call(f)), d && [d.writable, d.enumerable, d.configurable], Reflect.ownKeys(f).map(String).sort()];
    })`,
  'an error in a handler keeps its frames': `
    return new Promise((done) => {
      const listener = (event) => { event.preventDefault(); removeEventListener('error', listener); done([event.message, event.filename.endsWith('.js'), event.error.stack.split('\\n').filter((line) => !line.includes('throughline')).map((line) => line.replace(/:\\d+/g, '').replace(/https?:\\S*/, ''))]) };
      addEventListener('error', listener);
      document.body.click(); setTimeout(function ownHandler() { throw new TypeError('mine') });
    })`,
  'an error that fetch rejects with has the same message': `return outcome(async () => { await fetch('http://127.0.0.1:9/') })`,
  'listeners run in the order they were added': `
    const order = []; const button = document.createElement('button'); document.body.append(button);
    const add = (target, name, capture) => target.addEventListener('click', () => order.push(name), { capture, once: true });
    add(button, 'bubble', false); add(button, 'capture', true); add(document, 'document', true); add(window, 'window', true); add(window, 'window bubble', false);
    button.onclick = () => order.push('property'); button.click(); button.remove(); return order`,
  'a prevented event stays prevented': `
    const link = document.createElement('a'); link.href = '/elsewhere'; document.body.append(link);
    link.addEventListener('click', (event) => event.preventDefault()); const event = new MouseEvent('click', { bubbles: true, cancelable: true });
    const kept = link.dispatchEvent(event); link.remove(); return [kept, event.defaultPrevented, location.pathname]`,
  'JSON, Object and Promise are untouched': `return [JSON.stringify.toString(), Promise.prototype.then.toString(), Object.keys(Promise.prototype), Object.keys(Object.prototype), addEventListener.toString()]`,
  'console.error says what it is told': `return outcome(() => console.error('told', 1))`,
};
