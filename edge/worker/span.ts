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
import type { EpochMs } from '../../src/wire/time.ts';
import { runtime } from '../runtimes/detect.ts';
import { SPAN_KIND } from './api-constants.ts';
import { encodeSpan } from './encode-span.ts';
import type { Invocation } from './invocation.ts';
import type { Pipeline } from './pipeline.ts';
import { toEpochMs } from './time-input.ts';

/** Keys and values in turns: keys are foreign input, so no object, and a Map for ten of them costs three times as much. */
export type FlatAttributes = Array<string | AttributeValue>;

export interface SpanEvent {
  name: string;
  timeMs: EpochMs;
  attributes: FlatAttributes | undefined;
}

export interface SpanInit {
  name: string;
  kind: SpanKind;
  context: SpanContext;
  parentSpanId: SpanId | undefined;
  parentIsRemote: boolean;
  recording: boolean;
  pipeline: Pipeline | undefined;
  invocation: Invocation | undefined;
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
  readonly attributes: FlatAttributes = [];
  events: SpanEvent[] | undefined;
  links: Link[] | undefined;
  status: SpanStatus | undefined;
  droppedAttributes = 0;
  droppedEvents = 0;
  droppedLinks = 0;
  /** Place of the start among the starts and ends of its invocation, from 1; 0 outside of one. */
  readonly startTick: number;
  endTick = 0;
  readonly pipeline: Pipeline | undefined;
  readonly invocation: Invocation | undefined;
  readonly #context: SpanContext;
  #recording: boolean;

  constructor(init: SpanInit) {
    this.name = init.name;
    this.kind = init.kind;
    this.parentSpanId = init.parentSpanId;
    this.parentIsRemote = init.parentIsRemote;
    this.pipeline = init.pipeline;
    this.invocation = init.invocation;
    this.startTick = this.#tick();
    this.startMs = init.startMs ?? this.#now();
    this.#context = init.context;
    this.#recording = init.recording;
  }

  #tick(): number {
    const { invocation } = this;
    if (invocation === undefined) return 0;
    invocation.sequence += 1;
    return invocation.sequence;
  }

  #now(): EpochMs {
    return this.invocation ? this.invocation.now() : Date.now();
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  isRecording(): boolean {
    return this.#recording;
  }

  setAttribute(key: string, value: AttributeValue | null | undefined): this {
    if (!this.#recording || value === null || value === undefined || key === '') return this;
    if (!putAttribute(this.attributes, key, value)) this.droppedAttributes += 1;
    return this;
  }

  hasAttribute(key: string): boolean {
    return indexOfKey(this.attributes, key) >= 0;
  }

  setAttributes(attributes: Attributes): this {
    if (this.#recording) for (const key of Object.keys(attributes)) this.setAttribute(key, attributes[key]);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (!this.#recording) return this;
    if ((this.events?.length ?? 0) >= MAX_SPAN_EVENTS) {
      this.droppedEvents += 1;
      return this;
    }
    const isTime =
      typeof attributesOrTime === 'number' || Array.isArray(attributesOrTime) || attributesOrTime instanceof Date;
    const at = isTime ? attributesOrTime : time;
    this.events ??= [];
    this.events.push({
      name,
      timeMs: at === undefined ? this.#now() : toEpochMs(at),
      attributes: isTime ? undefined : copyAttributes(attributesOrTime as Attributes | undefined),
    });
    return this;
  }

  addLink(link: Link): this {
    if (!this.#recording || !isTraceId(link.context.traceId) || !isSpanId(link.context.spanId)) return this;
    this.links ??= [];
    if (this.links.length >= MAX_SPAN_LINKS) this.droppedLinks += 1;
    else this.links.push(link);
    return this;
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: SpanStatus): this {
    // OTel SDK specification: OK is final, and unset never overrides.
    if (this.#recording && this.status?.code !== 1 && status.code !== 0) this.status = status;
    return this;
  }

  updateName(name: string): this {
    if (this.#recording) this.name = name;
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    if (!this.#recording) return;
    const error: { name?: unknown; code?: unknown; message?: unknown; stack?: unknown } =
      typeof exception === 'object' && exception !== null ? exception : { message: String(exception) };
    const attributes: Attributes = {};
    if (error.code || error.name) attributes[ATTR_EXCEPTION_TYPE] = String(error.code ?? error.name);
    if (error.message) attributes[ATTR_EXCEPTION_MESSAGE] = String(error.message);
    if (error.stack) attributes[ATTR_EXCEPTION_STACKTRACE] = String(error.stack);
    this.addEvent(EVENT_EXCEPTION, attributes, time);
  }

  end(endTime?: TimeInput): void {
    if (this.endMs !== undefined) return;
    this.endMs = Math.max(this.startMs, endTime === undefined ? this.#now() : toEpochMs(endTime));
    this.endTick = this.#tick();
    const { pipeline } = this;
    if (this.#recording && this.kind === SPAN_KIND.INTERNAL && this.endMs === this.startMs) this.#markUnmeasured();
    if (this.#recording) pipeline?.exporter?.enqueue(encodeSpan(this), this.endMs, this.invocation?.waitUntil);
    else if (pipeline?.exporter) pipeline.ledger.unsampled += 1;
    this.#recording = false;
  }

  // A span of the app's own code without I/O: where the clock stands still meanwhile, nobody knows how long it took.
  #markUnmeasured(): void {
    if (runtime.measuresComputation) return;
    this.setAttribute(ATTR_DURATION_MEASURABLE, false);
    this.setAttribute(ATTR_CLOUDFLARE_INVOCATION_SEQUENCE_NUMBER, this.startTick);
  }
}

function copyAttributes(attributes: Attributes | undefined): FlatAttributes | undefined {
  if (!attributes) return undefined;
  const copy: FlatAttributes = [];
  for (const key of Object.keys(attributes)) {
    const value = attributes[key];
    if (value !== null && value !== undefined && key !== '') putAttribute(copy, key, value);
  }
  return copy;
}

/** @returns false when there is no room */
function putAttribute(attributes: FlatAttributes, key: string, value: AttributeValue): boolean {
  const index = indexOfKey(attributes, key);
  if (index < 0 && attributes.length >= 2 * MAX_SPAN_ATTRIBUTES) return false;
  const limited = cut(value, key === ATTR_EXCEPTION_STACKTRACE ? MAX_STACK_CHARS : MAX_ATTRIBUTE_CHARS);
  if (index < 0) attributes.push(key, limited);
  else attributes[index + 1] = limited;
  return true;
}

function indexOfKey(attributes: FlatAttributes, key: string): number {
  for (let i = 0; i < attributes.length; i += 2) if (attributes[i] === key) return i;
  return -1;
}

function cut(value: AttributeValue, maxChars: number): AttributeValue {
  if (typeof value === 'string') return value.length > maxChars ? value.slice(0, maxChars) : value;
  if (!Array.isArray(value)) return value;
  return value
    .slice(0, MAX_SPAN_ATTRIBUTES)
    .map((item) => (typeof item === 'string' ? item.slice(0, maxChars) : item)) as AttributeValue;
}
