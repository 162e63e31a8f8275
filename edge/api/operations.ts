// Made from the OpenAPI document by `npm run api-types`: change edge/collector/query/open-api.ts instead.

export interface Error {
  /** What to do, in one sentence. */
  error: string;
}

export interface TraceSummary {
  traceId: string;
  /** Of the root span; of the earliest one while the root has not come. */
  name: string;
  service: string;
  services: string[];
  route: string;
  activity: string;
  /** Family and major version, such as Chrome 131. */
  browser: string;
  device: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
  release: string;
  /** Epoch ms. */
  startMs: number;
  durationMs: number;
  spanCount: number;
  errorCount: number;
  vitals: {
    lcp?: number;
    inp?: number;
    cls?: number;
    fcp?: number;
    ttfb?: number;
  };
  sessionId: string;
  userId: string;
  hasRoot: boolean;
  /** A page view whose root has not come: made of its children. */
  isProvisional: boolean;
  updatedAtMs: number;
}

export interface TracePage {
  traces: TraceSummary[];
  /** Send it as `cursor` for the next page; absent on the last. */
  nextCursor?: string;
}

export type Attributes = Record<string, unknown>;

export interface Link {
  traceId: string;
  spanId: string;
  attributes: Attributes;
}

export interface Event {
  name: string;
  timeMs: number;
  spanId: string;
  service: string;
  severity: number;
  body: unknown;
  attributes: Attributes;
}

export interface Resource {
  service: string;
  layer: 'browser' | 'edge' | 'backend' | 'queue';
  trust: 'public' | 'trusted';
  attributes: Attributes;
}

export interface Span {
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  service: string;
  layer: 'browser' | 'edge' | 'backend' | 'queue';
  /** Epoch ms after clock correction; the sender’s own time is startMs - shiftMs. */
  startMs: number;
  durationMs: number;
  shiftMs: number;
  stretchMs: number;
  status: 'unset' | 'ok' | 'error';
  statusMessage: string;
  attributes: Attributes;
  events: Event[];
  links: Link[];
  /** Index into resources. */
  resource: number;
  scope: string;
  trust: 'public' | 'trusted';
  orphan: boolean;
  /** A page view made of its children: its root has not come. */
  provisional?: boolean;
}

export interface Trace {
  traceId: string;
  root: string;
  hasRoot: boolean;
  startMs: number;
  durationMs: number;
  /** Depth-first, parents before children. */
  spans: Span[];
  events: Event[];
  resources: Resource[];
  warnings: string[];
}

export interface Session {
  sessionId: string;
  userId: string;
  startMs: number;
  endMs: number;
  traceCount: number;
  spanCount: number;
  errorCount: number;
  entryRoute: string;
  device: string;
}

export interface StatisticsRow {
  count: number;
  errors: number;
  mean: number;
  p50: number;
  p75: number;
  p95: number;
  p99: number;
  hourMs?: number;
  service?: string;
  route?: string;
  device?: string;
  browser?: string;
  country?: string;
  release?: string;
  /** Selector of the element a web vital is about. */
  target?: string;
  quantiles?: number[];
}

export interface Removed {
  spans: number;
  logs: number;
  traces: number;
  bytes: number;
}

export interface Stats {
  spans: number;
  logs: number;
  traces: number;
  bytes: number;
  version: number;
  ingest: Record<string, unknown>;
  oldestMs?: number;
  newestMs?: number;
}

/** What can be asked, by operation id: parameters and answer. */
export interface Operations {
  /** The latest traces that meet all conditions, newest start first. */
  findTraces: {
    parameters: {
      /** Epoch ms. */
      fromMs?: number;
      /** Epoch ms. */
      toMs?: number;
      /** Any service of the trace. */
      service?: string;
      /** Route template. */
      route?: string;
      /** Part of the root’s name. */
      name?: string;
      /** page load, navigation or interaction. */
      activity?: string;
      /** Family, or family and major version: Chrome, Chrome 131. */
      browser?: string;
      /** mobile or desktop. */
      device?: string;
      /** ISO 3166-1 alpha-2. */
      country?: string;
      /** Version of the root’s service. */
      release?: string;
      /** At least this long. */
      minDurationMs?: number;
      /** At most this long. */
      maxDurationMs?: number;
      /** Only with, or only without errors. */
      error?: boolean;
      /** Of this session. */
      sessionId?: string;
      /** Of this user. */
      userId?: string;
      /** key=value, or key alone, on a span or log record or its resource; may come several times. Give a time window with it. */
      attribute?: string[];
      /** Only with a change after this. */
      updatedAfterMs?: number;
      /** 1-500. */
      limit?: number;
      /** nextCursor of the page before. */
      cursor?: string;
    };
    answer: TracePage;
  };
  /** One trace as a tree with corrected clocks; with format=otlp as OTLP/JSON. */
  getTrace: {
    parameters: {
      traceId: string;
      /** OTLP/JSON. */
      format?: 'otlp';
    };
    answer: Trace;
  };
  /** Sessions with traces in the window, the last active first. */
  findSessions: {
    parameters: {
      /** Epoch ms. */
      fromMs?: number;
      /** Epoch ms. */
      toMs?: number;
      /** Of this user. */
      userId?: string;
      /** With a trace of this service. */
      service?: string;
      /** Only with, or only without errors. */
      error?: boolean;
      /** 1-500. */
      limit?: number;
    };
    answer: {
      sessions: Session[];
    };
  };
  /** Deletes every trace of a session, for good. */
  removeSession: {
    parameters: {
      sessionId: string;
    };
    answer: Removed;
  };
  /** Deletes every trace of a user, for good. */
  removeUser: {
    parameters: {
      userId: string;
    };
    answer: Removed;
  };
  /** Counts and percentiles of requests or of a web vital, measured before any sampling. */
  getStatistics: {
    parameters: {
      /** Default requests. */
      measure?: 'requests' | 'roots' | 'served' | 'lcp' | 'inp' | 'cls' | 'fcp' | 'ttfb';
      /** Epoch ms. */
      fromMs?: number;
      /** Epoch ms. */
      toMs?: number;
      /** Only of this service. */
      service?: string;
      /** Only of this route. */
      route?: string;
      /** mobile or desktop. */
      device?: string;
      /** Web vitals only: family, or family and major version. */
      browser?: string;
      /** Web vitals only: ISO 3166-1 alpha-2. */
      country?: string;
      /** Web vitals only. */
      release?: string;
      /** Web vitals only: selector of the element a value is about. */
      target?: string;
      /** Hours in a row by hour, default 1. */
      everyHours?: number;
      /** Rows by hour, service, route, device, browser, country, release, target, separated by commas. */
      by?: string;
      /** 1-1000. */
      limit?: number;
    };
    answer: {
      rows: StatisticsRow[];
    };
  };
  /** What is stored, and what came in since the collector started. */
  getStats: {
    parameters: Record<never, never>;
    answer: Stats;
  };
  /** What each key sent, and what its agents say became of what they made. */
  getLedger: {
    parameters: {
      /** The pages of one session instead. */
      sessionId?: string;
    };
    answer: Record<string, unknown>;
  };
  /** This document. */
  getOpenApi: {
    parameters: Record<never, never>;
    answer: Record<string, unknown>;
  };
}

/** Where each operation is. */
export const OPERATIONS: {
  readonly [K in keyof Operations]: { readonly method: 'get' | 'delete'; readonly path: string };
} = {
  findTraces: { method: 'get', path: '/api/traces' },
  getTrace: { method: 'get', path: '/api/traces/{traceId}' },
  findSessions: { method: 'get', path: '/api/sessions' },
  removeSession: { method: 'delete', path: '/api/sessions/{sessionId}' },
  removeUser: { method: 'delete', path: '/api/users/{userId}' },
  getStatistics: { method: 'get', path: '/api/statistics' },
  getStats: { method: 'get', path: '/api/stats' },
  getLedger: { method: 'get', path: '/api/ledger' },
  getOpenApi: { method: 'get', path: '/api/openapi.json' },
};
