import type { Baggage, BaggageEntry } from '@opentelemetry/api';
import {
  BAGGAGE,
  type BaggageEntries,
  formatBaggage,
  MAX_BAGGAGE_MEMBERS,
  parseBaggage,
} from '../../../src/wire/baggage.ts';
import { origins } from '../origins.ts';
import type { Propagator } from '../propagator.ts';
import { callerOrigin } from '../trust.ts';

/** Where OpenTelemetry's API keeps baggage in a context. */
const BAGGAGE_KEY = Symbol.for('OpenTelemetry Baggage Key');

export interface BaggageOptions {
  /** Origins of callers whose `baggage` header is read; `same-origin` for the worker's own. Default none. */
  from?: readonly string[];
  /** Origins that get the active baggage with requests; `bindings` for service bindings. Default none. */
  to?: readonly string[];
  /** Keys whose values become attributes of the same name on the server span. Default none. */
  attributes?: readonly string[];
}

/**
 * W3C Baggage, where it is configured and nowhere else: read from callers in `from`, sent to origins in `to`, copied to
 * attributes of the same name for keys in `attributes`. `propagation.getBaggage` and `setBaggage` of OpenTelemetry's API
 * work on it.
 * @see https://www.w3.org/TR/baggage/
 */
export function baggage({ from = [], to = [], attributes = [] }: BaggageOptions = {}): Propagator {
  const isFrom = origins(
    from.filter((entry) => entry !== 'same-origin'),
    'baggage.from',
  );
  const isTo = origins(
    to.filter((entry) => entry !== 'bindings'),
    'baggage.to',
  );
  return {
    headers: [BAGGAGE],
    enter(request, context, span) {
      const { origin, isSame } = callerOrigin(request);
      if (!(isSame && from.includes('same-origin')) && !(origin !== undefined && isFrom(origin))) return context;
      const entries = parseBaggage(request.headers.get(BAGGAGE));
      if (entries.size === 0) return context;
      for (const key of attributes) span.setAttribute(key, entries.get(key)?.value);
      return context.setValue(BAGGAGE_KEY, new EdgeBaggage(entries));
    },
    write(context, _, origin): Record<string, string> {
      const active = context.getValue(BAGGAGE_KEY) as Baggage | undefined;
      if (!active || !(origin === undefined ? to.includes('bindings') : isTo(origin))) return {};
      const header = formatBaggage(entriesOf(active));
      return header ? { [BAGGAGE]: header } : {};
    },
  };
}

// The app may have set baggage made by the API's own class.
function entriesOf(active: Baggage): BaggageEntries {
  if (active instanceof EdgeBaggage) return active.entries;
  const entries: BaggageEntries = new Map();
  for (const [key, { value, metadata }] of active.getAllEntries().slice(0, MAX_BAGGAGE_MEMBERS)) {
    const properties = metadata?.toString();
    entries.set(key, properties ? { value, properties } : { value });
  }
  return entries;
}

/** Baggage as OpenTelemetry's API shows it; immutable. */
class EdgeBaggage implements Baggage {
  readonly entries: BaggageEntries;

  constructor(entries: BaggageEntries) {
    this.entries = entries;
  }

  getEntry(key: string): BaggageEntry | undefined {
    const entry = this.entries.get(key);
    return entry && { value: entry.value };
  }

  getAllEntries(): Array<[string, BaggageEntry]> {
    return [...this.entries].map(([key, { value }]) => [key, { value }]);
  }

  setEntry(key: string, entry: BaggageEntry): Baggage {
    return new EdgeBaggage(new Map(this.entries).set(key, { value: entry.value }));
  }

  removeEntry(key: string): Baggage {
    return this.removeEntries(key);
  }

  removeEntries(...keys: string[]): Baggage {
    const left = new Map(this.entries);
    for (const key of keys) left.delete(key);
    return new EdgeBaggage(left);
  }

  clear(): Baggage {
    return new EdgeBaggage(new Map());
  }
}
