import type { OtlpAnyValue, OtlpKeyValue } from '../../../src/wire/otlp.ts';

/** Takes secrets out of texts before they are written. All its methods come to the same for the same text. */
export interface TextFilter {
  /** How the values of a key are treated: textual ones replaced, all looked through, or left as they are. */
  keyPolicy(key: string): 'replaced' | 'filtered' | 'kept';
  /** What a textual value under a `replaced` key becomes. */
  replacement(): string;
  /** True when `text` would leave these bytes as they are; false also where that is not quickly seen. */
  isPlain(bytes: Uint8Array, start: number, end: number): boolean;
  text(text: string): string;
  /** In place. */
  value(value: OtlpAnyValue): void;
  /** In place, keys regarded; answers whether something was changed. */
  attributes(attributes: OtlpKeyValue[] | undefined): boolean;
}

/** Changes nothing. */
export const NO_FILTER: TextFilter = {
  keyPolicy: () => 'kept',
  replacement: () => '',
  isPlain: () => true,
  text: (text) => text,
  value: () => undefined,
  attributes: () => false,
};
