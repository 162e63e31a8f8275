import type {
  Attributes,
  AttributeValue,
  Exception,
  Link,
  Span,
  SpanContext,
  SpanKind,
  SpanStatus,
  TimeInput,
} from '@opentelemetry/api';
import { isSpanId, isTraceId, type SpanId } from '../../src/wire/ids.ts';
import {
  MAX_ATTRIBUTE_CHARS,
  MAX_SPAN_ATTRIBUTES,
  MAX_SPAN_EVENTS,
  MAX_SPAN_LINKS,
  MAX_STACK_CHARS,
} from '../../src/wire/limits.ts';
import {
  ATTR_CLOUDFLARE_INVOCATION_SEQUENCE_NUMBER,
  ATTR_DURATION_MEASURABLE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
  EVENT_EXCEPTION,
} from '../../src/wire/names.ts';
import type { AttributeMap } from '../../src/wire/otlp.ts';
import type { EpochMs } from '../../src/wire/time.ts';
import { FLAG_SAMPLED } from '../../src/wire/traceparent.ts';
import { redactUrl } from '../../src/wire/url.ts';
import { runtime } from '../runtimes/detect.ts';
import { SPAN_KIND } from './api-constants.ts';
import { encodeSpan } from './encode-span.ts';
import { type Invocation, now } from './invocation.ts';
import { toEpochMs } from './time-input.ts';

/** Keys are foreign input, so they are kept in a Map. */
export type AttributeEntries = Iterable<[string, AttributeValue]>;

export interface SpanEvent {
  name: string;
  timeMs: EpochMs;
  attributes: AttributeEntries;
}

export interface SpanInit {
  name: string;
  kind: SpanKind;
  context: SpanContext;
  parentSpanId: SpanId | undefined;
  parentIsRemote: boolean;
  invocation: Invocation;
  startMs?: EpochMs | undefined;
}

/** A span of the edge tracer: a plain record until `end()`, then one line of OTLP/JSON in the queue. */
export class EdgeSpan implements Span {
  name: string;
  readonly kind: SpanKind;
  parentSpanId: SpanId | undefined;
  parentIsRemote: boolean;
  readonly startMs: EpochMs;
  endMs: EpochMs | undefined;
  readonly attributes = new Map<string, AttributeValue>();
  events: SpanEvent[] | undefined;
  links: Link[] | undefined;
  status: SpanStatus | undefined;
  droppedAttributes = 0;
  droppedEvents = 0;
  droppedLinks = 0;
  /** Place of the start among the starts and ends of its invocation, from 1. */
  readonly startTick: number;
  endTick = 0;
  readonly invocation: Invocation;
  readonly #context: SpanContext;
  #recording: boolean;

  constructor({ name, kind, context, parentSpanId, parentIsRemote, invocation, startMs }: SpanInit) {
    this.name = name;
    this.kind = kind;
    this.parentSpanId = parentSpanId;
    this.parentIsRemote = parentIsRemote;
    this.invocation = invocation;
    this.startTick = ++invocation.sequence;
    this.startMs = startMs ?? now(invocation);
    this.#context = context;
    this.#recording = (context.traceFlags & FLAG_SAMPLED) !== 0 && invocation.pipeline?.exporter !== undefined;
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  isRecording(): boolean {
    return this.#recording;
  }

  setAttribute(key: string, value: AttributeValue | null | undefined): this {
    if (this.#recording && !put(this.attributes, key, value)) this.droppedAttributes += 1;
    return this;
  }

  setAttributes(attributes: AttributeMap): this {
    for (const key in attributes) this.setAttribute(key, attributes[key] as AttributeValue);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (!this.#recording) return this;
    this.events ??= [];
    if (this.events.length >= MAX_SPAN_EVENTS) {
      this.droppedEvents += 1;
      return this;
    }
    const attributes = new Map<string, AttributeValue>();
    let at = time;
    if (isTime(attributesOrTime)) at = attributesOrTime;
    else for (const key in attributesOrTime) put(attributes, key, attributesOrTime[key]);
    this.events.push({ name, timeMs: at === undefined ? now(this.invocation) : toEpochMs(at), attributes });
    return this;
  }

  addLink(link: Link): this {
    if (!this.#recording || !isTraceId(link.context.traceId) || !isSpanId(link.context.spanId)) return this;
    this.links ??= [];
    if (this.links.length >= MAX_SPAN_LINKS) this.droppedLinks += 1;
    else this.links.push(link);
    return this;
  }

  addLinks(links: readonly Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  setStatus({ code, message }: SpanStatus): this {
    // OTel SDK specification: OK is final, and unset never overrides.
    if (this.#recording && this.status?.code !== 1 && code)
      this.status = message ? { code, message: message.slice(0, MAX_ATTRIBUTE_CHARS) } : { code };
    return this;
  }

  updateName(name: string): this {
    if (this.#recording) this.name = name;
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    const { code, name, message, stack } = Object(exception) as Record<'code' | 'name' | 'message' | 'stack', unknown>;
    const text = (value: unknown): string | undefined => (value ? withoutSecrets(String(value)) : undefined);
    const attributes = {
      [ATTR_EXCEPTION_TYPE]: text(code ?? name),
      [ATTR_EXCEPTION_MESSAGE]: text(typeof exception === 'string' ? exception : message),
      [ATTR_EXCEPTION_STACKTRACE]: text(stack),
    };
    this.addEvent(EVENT_EXCEPTION, attributes as Attributes, time);
  }

  end(endTime?: TimeInput): void {
    if (this.endMs !== undefined) return;
    const { invocation, startMs } = this;
    const endMs = Math.max(startMs, endTime === undefined ? now(invocation) : toEpochMs(endTime));
    this.endMs = endMs;
    this.endTick = ++invocation.sequence;
    // A span of the app's own code without I/O: where the clock stands still meanwhile, nobody knows how long it took.
    if (this.kind === SPAN_KIND.INTERNAL && endMs === startMs && !runtime.measuresComputation) {
      this.setAttribute(ATTR_DURATION_MEASURABLE, false);
      this.setAttribute(ATTR_CLOUDFLARE_INVOCATION_SEQUENCE_NUMBER, this.startTick);
    }
    const { pipeline } = invocation;
    if (this.#recording) pipeline?.exporter?.enqueue(encodeSpan(this), endMs, invocation.waitUntil);
    else if (pipeline?.exporter) pipeline.ledger.unsampled += 1;
    this.#recording = false;
  }
}

function isTime(value: Attributes | TimeInput | undefined): value is TimeInput {
  return typeof value === 'number' || Array.isArray(value) || value instanceof Date;
}

/** @returns false when there is no room */
function put(attributes: Map<string, AttributeValue>, key: string, value: AttributeValue | null | undefined): boolean {
  if (value === null || value === undefined || key === '') return true;
  if (attributes.size >= MAX_SPAN_ATTRIBUTES && !attributes.has(key)) return false;
  attributes.set(
    key,
    cut(value, key === ATTR_EXCEPTION_STACKTRACE ? MAX_STACK_CHARS : MAX_ATTRIBUTE_CHARS) as AttributeValue,
  );
  return true;
}

function cut(value: unknown, maxChars: number): unknown {
  if (typeof value === 'string') return value.slice(0, maxChars);
  return Array.isArray(value) ? value.slice(0, MAX_SPAN_ATTRIBUTES).map((item) => cut(item, maxChars)) : value;
}

/** Errors of `fetch` hold its URL, credentials and all. */
function withoutSecrets(text: string): string {
  return text.slice(0, MAX_STACK_CHARS).replace(/https?:\/\/\S+/g, (url) => redactUrl(url) || 'http://REDACTED');
}
