import { GROUPS, MEASURES } from './trace-filter.ts';

type Schema = { [keyword: string]: unknown };

const text: Schema = { type: 'string' };
const number: Schema = { type: 'number' };
const count: Schema = { type: 'integer', minimum: 0 };
const flag: Schema = { type: 'boolean' };
const traceId: Schema = { type: 'string', pattern: '^[0-9a-f]{32}$' };
const spanId: Schema = { type: 'string', pattern: '^[0-9a-f]{16}$' };
const noneOrSpanId: Schema = { type: 'string', pattern: '^([0-9a-f]{16})?$' };
const layer: Schema = { type: 'string', enum: ['browser', 'edge', 'backend', 'queue'] };
const trust: Schema = { type: 'string', enum: ['public', 'trusted'] };
const list = (items: Schema): Schema => ({ type: 'array', items });
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** An object with all of `required` and some of `optional`. */
function object(required: Record<string, Schema>, optional: Record<string, Schema> = {}): Schema {
  return { type: 'object', required: Object.keys(required), properties: { ...required, ...optional } };
}

const schemas: Record<string, Schema> = {
  Error: object({ error: { ...text, description: 'What to do, in one sentence.' } }),
  TraceSummary: object({
    traceId,
    name: { ...text, description: 'Of the root span; of the earliest one while the root has not come.' },
    service: text,
    services: list(text),
    route: text,
    activity: text,
    browser: { ...text, description: 'Family and major version, such as Chrome 131.' },
    device: text,
    country: { ...text, description: 'ISO 3166-1 alpha-2.' },
    release: text,
    startMs: { ...number, description: 'Epoch ms.' },
    durationMs: number,
    spanCount: count,
    errorCount: count,
    vitals: object({}, { lcp: number, inp: number, cls: number, fcp: number, ttfb: number }),
    sessionId: text,
    userId: text,
    hasRoot: flag,
    isProvisional: { ...flag, description: 'A page view whose root has not come: made of its children.' },
    updatedAtMs: number,
  }),
  TracePage: object(
    { traces: list(ref('TraceSummary')) },
    { nextCursor: { ...text, description: 'Send it as `cursor` for the next page; absent on the last.' } },
  ),
  Attributes: { type: 'object', additionalProperties: true },
  Link: object({ traceId, spanId, attributes: ref('Attributes') }),
  Event: object({
    name: text,
    timeMs: number,
    spanId: noneOrSpanId,
    service: text,
    severity: count,
    body: {},
    attributes: ref('Attributes'),
  }),
  Resource: object({ service: text, layer, trust, attributes: ref('Attributes') }),
  Span: object(
    {
      spanId,
      parentSpanId: noneOrSpanId,
      name: text,
      kind: { type: 'string', enum: ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] },
      service: text,
      layer,
      startMs: {
        ...number,
        description: 'Epoch ms after clock correction; the sender’s own time is startMs - shiftMs.',
      },
      durationMs: number,
      shiftMs: number,
      stretchMs: number,
      status: { type: 'string', enum: ['unset', 'ok', 'error'] },
      statusMessage: text,
      attributes: ref('Attributes'),
      events: list(ref('Event')),
      links: list(ref('Link')),
      resource: { ...count, description: 'Index into resources.' },
      scope: text,
      trust,
      orphan: flag,
    },
    { provisional: { ...flag, description: 'A page view made of its children: its root has not come.' } },
  ),
  Trace: object({
    traceId,
    root: noneOrSpanId,
    hasRoot: flag,
    startMs: number,
    durationMs: number,
    spans: { ...list(ref('Span')), description: 'Depth-first, parents before children.' },
    events: list(ref('Event')),
    resources: list(ref('Resource')),
    warnings: list(text),
  }),
  Session: object({
    sessionId: text,
    userId: text,
    startMs: number,
    endMs: number,
    traceCount: count,
    spanCount: count,
    errorCount: count,
    entryRoute: text,
    device: text,
  }),
  StatisticsRow: object(
    { count: number, errors: number, mean: number, p50: number, p75: number, p95: number, p99: number },
    {
      hourMs: number,
      service: text,
      route: text,
      device: text,
      browser: text,
      country: text,
      release: text,
      target: { ...text, description: 'Selector of the element a web vital is about.' },
      quantiles: list(number),
    },
  ),
  Removed: object({ spans: count, logs: count, traces: count, bytes: number }),
  Stats: object(
    { spans: count, logs: count, traces: count, bytes: count, version: number, ingest: { type: 'object' } },
    { oldestMs: number, newestMs: number },
  ),
};

const inQuery = (name: string, schema: Schema, description: string) => ({ name, in: 'query', schema, description });
const inPath = (name: string, schema: Schema) => ({ name, in: 'path', required: true, schema });
const limit = (max: number) => inQuery('limit', { type: 'integer', minimum: 1, maximum: max }, `1-${max}.`);
const window = [inQuery('fromMs', number, 'Epoch ms.'), inQuery('toMs', number, 'Epoch ms.')];

function answers(schema: Schema, ...errors: Array<400 | 404>): object {
  const json = (content: Schema) => ({ content: { 'application/json': { schema: content } } });
  const DESCRIPTIONS = { 400: 'A parameter is not what it must be.', 404: 'Not stored (any more).' } as const;
  return {
    200: { description: 'The answer.', ...json(schema) },
    ...Object.fromEntries(errors.map((code) => [code, { description: DESCRIPTIONS[code], ...json(ref('Error')) }])),
    401: { description: 'The read token is missing or wrong.', ...json(ref('Error')) },
    403: { description: 'Not from this machine, and no read token is set.', ...json(ref('Error')) },
  };
}

/** `GET /api/openapi.json`: our own query API. */
export const OPEN_API = {
  openapi: '3.1.0',
  info: {
    title: 'Throughline query API',
    version: '1',
    description: 'Read traces, sessions and statistics. Times are epoch milliseconds, durations milliseconds.',
  },
  security: [{}, { readToken: [] }],
  paths: {
    '/api/traces': {
      get: {
        operationId: 'findTraces',
        summary: 'The latest traces that meet all conditions, newest start first.',
        parameters: [
          ...window,
          inQuery('service', text, 'Any service of the trace.'),
          inQuery('route', text, 'Route template.'),
          inQuery('name', text, 'Part of the root’s name.'),
          inQuery('activity', text, 'page load, navigation or interaction.'),
          inQuery('browser', text, 'Family, or family and major version: Chrome, Chrome 131.'),
          inQuery('device', text, 'mobile or desktop.'),
          inQuery('country', text, 'ISO 3166-1 alpha-2.'),
          inQuery('release', text, 'Version of the root’s service.'),
          inQuery('minDurationMs', number, 'At least this long.'),
          inQuery('maxDurationMs', number, 'At most this long.'),
          inQuery('error', flag, 'Only with, or only without errors.'),
          inQuery('sessionId', text, 'Of this session.'),
          inQuery('userId', text, 'Of this user.'),
          inQuery(
            'attribute',
            list(text),
            'key=value, or key alone, on a span or log record or its resource; may come several times. Give a time window with it.',
          ),
          inQuery('updatedAfterMs', number, 'Only with a change after this.'),
          limit(500),
          inQuery('cursor', text, 'nextCursor of the page before.'),
        ],
        responses: answers(ref('TracePage'), 400),
      },
    },
    '/api/traces/{traceId}': {
      get: {
        operationId: 'getTrace',
        summary: 'One trace as a tree with corrected clocks; with format=otlp as OTLP/JSON.',
        parameters: [inPath('traceId', traceId), inQuery('format', { type: 'string', enum: ['otlp'] }, 'OTLP/JSON.')],
        responses: answers(ref('Trace'), 400, 404),
      },
    },
    '/api/sessions': {
      get: {
        operationId: 'findSessions',
        summary: 'Sessions with traces in the window, the last active first.',
        parameters: [
          ...window,
          inQuery('userId', text, 'Of this user.'),
          inQuery('service', text, 'With a trace of this service.'),
          inQuery('error', flag, 'Only with, or only without errors.'),
          limit(500),
        ],
        responses: answers(object({ sessions: list(ref('Session')) }), 400),
      },
    },
    '/api/sessions/{sessionId}': {
      delete: {
        operationId: 'removeSession',
        summary: 'Deletes every trace of a session, for good.',
        parameters: [inPath('sessionId', text)],
        responses: answers(ref('Removed'), 400),
      },
    },
    '/api/users/{userId}': {
      delete: {
        operationId: 'removeUser',
        summary: 'Deletes every trace of a user, for good.',
        parameters: [inPath('userId', text)],
        responses: answers(ref('Removed'), 400),
      },
    },
    '/api/statistics': {
      get: {
        operationId: 'getStatistics',
        summary: 'Counts and percentiles of requests or of a web vital, measured before any sampling.',
        parameters: [
          inQuery('measure', { type: 'string', enum: MEASURES }, 'Default requests.'),
          ...window,
          inQuery('service', text, 'Only of this service.'),
          inQuery('route', text, 'Only of this route.'),
          inQuery('device', text, 'mobile or desktop.'),
          inQuery('browser', text, 'Web vitals only: family, or family and major version.'),
          inQuery('country', text, 'Web vitals only: ISO 3166-1 alpha-2.'),
          inQuery('release', text, 'Web vitals only.'),
          inQuery('target', text, 'Web vitals only: selector of the element a value is about.'),
          inQuery('everyHours', { type: 'integer', minimum: 1, maximum: 8760 }, 'Hours in a row by hour, default 1.'),
          inQuery('by', text, `Rows by ${GROUPS.join(', ')}, separated by commas.`),
          limit(1000),
        ],
        responses: answers(object({ rows: list(ref('StatisticsRow')) }), 400),
      },
    },
    '/api/stats': {
      get: {
        operationId: 'getStats',
        summary: 'What is stored, and what came in since the collector started.',
        responses: answers(ref('Stats')),
      },
    },
    '/api/ledger': {
      get: {
        operationId: 'getLedger',
        summary: 'What each key sent, and what its agents say became of what they made.',
        parameters: [inQuery('sessionId', text, 'The pages of one session instead.')],
        responses: answers({ type: 'object' }, 400),
      },
    },
    '/api/live': {
      get: {
        operationId: 'watch',
        summary: 'Server-sent events: `changed` with {"version"} when something new is stored, at most two a second.',
        responses: { 200: { description: 'The stream.', content: { 'text/event-stream': { schema: text } } } },
      },
    },
    '/api/openapi.json': {
      get: { operationId: 'getOpenApi', summary: 'This document.', responses: answers({ type: 'object' }) },
    },
  },
  components: { schemas, securitySchemes: { readToken: { type: 'http', scheme: 'bearer' } } },
};
