import { type Attributes, SpanKind } from '@opentelemetry/api';
import { type Stop, stopAll } from '../browser/guard.ts';
import { listen } from '../browser/listen.ts';
import { patchConstructor, patchMethod } from '../browser/patch.ts';
import { describeFailure, requestAttributes } from '../context/request-span.ts';
import type { Core, Instrumentation } from '../core.ts';
import {
  ATTR_CONNECTION_BYTES_RECEIVED,
  ATTR_CONNECTION_BYTES_SENT,
  ATTR_CONNECTION_CLOSE_CODE,
  ATTR_CONNECTION_DURATION,
  ATTR_CONNECTION_FIRST_MESSAGE,
  ATTR_CONNECTION_KIND,
  ATTR_CONNECTION_MESSAGES_RECEIVED,
  ATTR_CONNECTION_MESSAGES_SENT,
  ATTR_URL_FULL,
  EVENT_CONNECTION_CLOSED,
} from '../wire/names.ts';
import { templateOf } from '../wire/url.ts';

interface Watched {
  counted(messages: string, bytes: string, data: unknown): void;
  closed(code?: number): void;
}

/**
 * For each WebSocket and EventSource a span `{kind} {template}` until it is open or failed, and when it is closed or the
 * page is left an event `throughline.connection.closed` with counts and bytes. Content is never looked at.
 */
export const connections: Instrumentation = {
  name: 'connections',
  start(core) {
    const watched = new WeakMap<object, Watched>();
    const open = new Set<Watched>();
    const watch = (kind: string) => (created: object) => {
      const connection = watchConnection(core, kind, created as WebSocket | EventSource, () => open.delete(connection));
      watched.set(created, connection);
      open.add(connection);
    };
    return stopAll([
      patchConstructor(window, 'WebSocket', watch('websocket')),
      patchConstructor(window, 'EventSource', watch('eventsource')),
      patchMethod(WebSocket.prototype, 'send', (self, [data]) => {
        watched.get(self as object)?.counted(ATTR_CONNECTION_MESSAGES_SENT, ATTR_CONNECTION_BYTES_SENT, data);
        return undefined;
      }),
      // A closed EventSource tells nobody.
      patchMethod(EventSource.prototype, 'close', (self) => {
        watched.get(self as object)?.closed();
        return undefined;
      }),
      listen(window, 'pagehide', () => {
        for (const connection of open) connection.closed();
      }),
    ]);
  },
};

function watchConnection(core: Core, kind: string, connection: WebSocket | EventSource, over: () => void): Watched {
  const url = new URL(connection.url);
  const startMs = core.clock.now();
  const counts: Attributes = { [ATTR_CONNECTION_KIND]: kind };
  const attributes = { ...requestAttributes(core, 'GET', url), ...counts };
  const span = core.startSpan(`${kind} ${templateOf(url.pathname)}`, { kind: SpanKind.CLIENT, attributes });
  const sinceMs = () => Math.round(core.clock.now() - startMs);

  const watched: Watched = {
    counted(messages, bytes, data) {
      counts[messages] = Number(counts[messages] ?? 0) + 1;
      counts[bytes] = Number(counts[bytes] ?? 0) + bytesOf(data);
    },
    closed(code) {
      stop();
      over();
      span.end();
      core.emit({
        name: EVENT_CONNECTION_CLOSED,
        span: span.spanContext(),
        attributes: {
          [ATTR_URL_FULL]: attributes[ATTR_URL_FULL],
          ...counts,
          [ATTR_CONNECTION_CLOSE_CODE]: code,
          [ATTR_CONNECTION_DURATION]: sinceMs(),
        },
      });
    },
  };
  const stop: Stop = listen<Event>(connection, 'open message error close', (event) => {
    if (event.type === 'message') {
      counts[ATTR_CONNECTION_FIRST_MESSAGE] ??= sinceMs();
      watched.counted(ATTR_CONNECTION_MESSAGES_RECEIVED, ATTR_CONNECTION_BYTES_RECEIVED, (event as MessageEvent).data);
    } else if (event.type === 'open') span.end();
    else if (event.type === 'close') watched.closed((event as CloseEvent).code);
    else if (span.isRecording()) {
      describeFailure(span, 'NetworkError');
      span.end();
    }
  });
  return watched;
}

function bytesOf(data: unknown): number {
  if (typeof data === 'string') return data.length;
  const { byteLength, size } = data as { byteLength?: number; size?: number };
  return byteLength ?? size ?? 0;
}
