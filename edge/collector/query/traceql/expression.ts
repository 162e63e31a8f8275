/** The part of TraceQL that is understood, as a tree. */
export type Expression =
  | { type: 'and' | 'or'; left: Expression; right: Expression }
  | { type: 'not'; operand: Expression }
  | { type: 'constant'; value: boolean }
  | { type: 'compare'; field: Field; operator: Operator; literal: Literal };

export type Operator = '=' | '!=' | '=~' | '!~' | '>' | '>=' | '<' | '<=';

/** `any` is TraceQL's leading dot: the span's attribute, else its resource's. */
export type Field = { scope: 'span' | 'resource' | 'any'; name: string } | { scope: 'intrinsic'; name: Intrinsic };

export const INTRINSICS = [
  'duration',
  'name',
  'status',
  'statusMessage',
  'kind',
  'rootName',
  'rootServiceName',
  'traceDuration',
  'nestedSetParent',
  'spanId',
  'traceId',
  'scopeName',
  'scopeVersion',
] as const;
export type Intrinsic = (typeof INTRINSICS)[number];

/** Durations are in ms, as everywhere. */
export type Literal =
  | { type: 'string'; value: string }
  | { type: 'pattern'; value: RegExp }
  | { type: 'number'; value: number }
  | { type: 'duration'; value: number }
  | { type: 'boolean'; value: boolean }
  | { type: 'keyword'; value: string }
  | { type: 'nil' };

/** What a metrics query counts of one spanset, and by which fields its series are told apart. */
export interface MetricsQuery {
  expression: Expression;
  metric: { name: 'rate' } | { name: 'quantile_over_time'; shares: number[] };
  by: { field: Field; text: string }[];
}

/** One spanset, and what a `select()` behind it asks to be shown. */
export interface TraceQuery {
  expression: Expression;
  selected: Field[];
}
