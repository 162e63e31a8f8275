import { describe, expect, test } from 'vitest';
import type { Carrier } from '../../edge/messaging/carrier.ts';
import type { ContextField, ContextFields } from '../../edge/messaging/context-fields.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const FIELDS: ContextFields = [
  ['traceparent', TRACEPARENT],
  ['tracestate', 'ot=th:8,vendor=1'],
  ['baggage', 'tenant=a'],
];

/** One carrier and how its broker hands on what was sent. */
export interface CarrierUnderTest<M> {
  name: string;
  /** A message to send, with headers of its own. */
  create(): M;
  carrier: Carrier<M>;
  bodyOf(message: M): unknown;
  /** The message's own header, from `create`. */
  ownOf(message: M): unknown;
  /** The value of a field in a message as a consumer gets it. */
  readDelivered(message: M, field: ContextField): unknown;
}

/** What every carrier of a broker's messages holds to. */
export function testMessageCarrier<M extends object>(make: CarrierUnderTest<M>): void {
  const { name, create, carrier, bodyOf, ownOf, readDelivered } = make;

  describe(`the carrier for ${name}`, () => {
    test('carries all fields to the consumer', () => {
      const written = carrier.write(create(), FIELDS) as M;
      for (const [field, value] of FIELDS) {
        expect(carrier.read(written, field)).toBe(value);
        expect(readDelivered(written, field)).toBe(value);
      }
    });

    test('reads nothing from a message that carries nothing', () => {
      for (const [field] of FIELDS) {
        expect(carrier.read(create(), field)).toBeUndefined();
        expect(readDelivered(create(), field)).toBeUndefined();
      }
    });

    test('writes into a copy that has the same body and headers', () => {
      const message = deepFreeze(create());
      const before = JSON.stringify(message);
      const written = carrier.write(message, FIELDS) as M;
      expect(written).not.toBe(message);
      expect(JSON.stringify(message)).toBe(before);
      expect(bodyOf(written)).toBe(bodyOf(message));
      expect(ownOf(written)).toEqual(ownOf(message));
    });

    test('reads nothing from a prototype that somebody polluted', () => {
      const polluted = Object.prototype as { traceparent?: unknown };
      polluted.traceparent = TRACEPARENT;
      try {
        expect(carrier.read(create(), 'traceparent')).toBeUndefined();
        expect(readDelivered(create(), 'traceparent')).toBeUndefined();
      } finally {
        delete polluted.traceparent;
      }
    });

    test.each([undefined, null, 0, '', 'text', [], {}, Object.create(null)])('reads nothing from %j', (message) => {
      expect(carrier.read(message as M, 'traceparent')).toBeUndefined();
      expect(readDelivered(message as M, 'traceparent')).toBeUndefined();
    });
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
