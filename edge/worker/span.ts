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
import type { SpanId } from '../../src/wire/ids.ts';
import { MAX_ATTRIBUTE_CHARS, MAX_STACK_CHARS } from '../../src/wire/limits.ts';
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
import { runtime } from '../runtimes/detect.ts';
import { KIND_INTERNAL } from './api-constants.ts';
import { encodeEvent, encodeLink, encodeSpan } from './encode-span.ts';
import { type Invocation, now } from './invocation.ts';
import { isolateLedger } from './ledger.ts';
import { Limited } from './limited.ts';
import { LimitedAttributes } from './limited-attributes.ts';
import { isValid } from './span-context.ts';
import { toEpochMs } from './time-input.ts';
import { redactUrl } from './url-parts.ts';

export interface SpanInit {
  name: string;
  kind: SpanKind;
  context: SpanContext;
  parentSpanId: SpanId | undefined;
  parentIsRemote: boolean;
  invocation: Invocation;
  startMs?: EpochMs | undefined;
}

/** Of a span that is not recorded, or not any more: nothing is put into it. */
const NO_ATTRIBUTES = new LimitedAttributes();

/** A span of the edge tracer: a plain record until `end()`, then one line of OTLP/JSON in the queue. */
export class EdgeSpan implements Span {
  name: string;
  readonly kind: SpanKind;
  parentSpanId: SpanId | undefined;
  parentIsRemote: boolean;
  readonly startMs: EpochMs;
  endMs: EpochMs | undefined;
  attributes: LimitedAttributes;
  events: Limited | undefined;
  links: Limited | undefined;
  status: SpanStatus | undefined;
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
    this.#recording = (context.traceFlags & FLAG_SAMPLED) !== 0 && invocation.pipeline.exporter !== undefined;
    this.attributes = this.#recording ? new LimitedAttributes() : NO_ATTRIBUTES;
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  isRecording(): boolean {
    return this.#recording;
  }

  setAttribute(key: string, value: AttributeValue | null | undefined): this {
    if (this.#recording) this.attributes.set(key, value);
    return this;
  }

  setAttributes(attributes: AttributeMap): this {
    if (this.#recording) this.attributes.setAll(attributes);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (!this.#recording) return this;
    const [attributes, at] = isTime(attributesOrTime) ? [undefined, attributesOrTime] : [attributesOrTime, time];
    this.events ??= new Limited();
    this.events.put(Symbol(), encodeEvent(name, this.#timeOf(at), attributes));
    return this;
  }

  addLink(link: Link): this {
    if (!this.#recording || !isValid(link.context)) return this;
    this.links ??= new Limited();
    this.links.put(link, encodeLink(link));
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
    const endMs = Math.max(startMs, this.#timeOf(endTime));
    this.endMs = endMs;
    this.endTick = ++invocation.sequence;
    // A span of the app's own code without I/O: where the clock stands still meanwhile, nobody knows how long it took.
    if (this.kind === KIND_INTERNAL && endMs === startMs && !runtime.measuresComputation) {
      this.setAttribute(ATTR_DURATION_MEASURABLE, false);
      this.setAttribute(ATTR_CLOUDFLARE_INVOCATION_SEQUENCE_NUMBER, this.startTick);
    }
    const { exporter } = invocation.pipeline;
    if (this.#recording) exporter?.enqueue(encodeSpan(this), endMs, invocation.waitUntil);
    else if (exporter) isolateLedger.unsampled += 1;
    this.#recording = false;
    // The platform keeps what it called back, and with it the context, until old memory is collected.
    this.attributes = NO_ATTRIBUTES;
  }

  #timeOf(given: TimeInput | undefined): EpochMs {
    return given === undefined ? now(this.invocation) : toEpochMs(given);
  }
}

function isTime(value: Attributes | TimeInput | undefined): value is TimeInput {
  return typeof value === 'number' || Array.isArray(value) || value instanceof Date;
}

/** Errors of `fetch` hold its URL, credentials and all. */
function withoutSecrets(text: string): string {
  return text.slice(0, MAX_STACK_CHARS).replace(/https?:\/\/\S+/g, redactUrl);
}
