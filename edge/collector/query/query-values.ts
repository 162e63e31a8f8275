import { InvalidQueryError } from './invalid-query.ts';

/** Reads one parameter of a query; empty ones count as absent, so that a form can be sent as it is. */
export type QueryReader = (name: string) => string | undefined;

const NUMBER = /^\d{1,16}(?:\.\d{1,9})?$/;

/** @throws {InvalidQueryError} */
export function readNumber(query: QueryReader, name: string): number | undefined {
  const text = query(name);
  if (!text) return undefined;
  if (!NUMBER.test(text)) throw new InvalidQueryError(`${name} must be a number that is not negative.`);
  return Number(text);
}

/** @throws {InvalidQueryError} */
export function readLimit(query: QueryReader, max: number): number | undefined {
  const limit = readNumber(query, 'limit');
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 1 || limit > max))
    throw new InvalidQueryError(`limit must be a whole number from 1 to ${max}.`);
  return limit;
}

/** @throws {InvalidQueryError} */
export function readBoolean(query: QueryReader, name: string): boolean | undefined {
  const text = query(name);
  if (!text) return undefined;
  if (text !== 'true' && text !== 'false') throw new InvalidQueryError(`${name} must be true or false.`);
  return text === 'true';
}

/** `values` without those that are undefined: contracts tell absent from undefined. */
export function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
