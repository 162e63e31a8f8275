// The few globals browsers, workers and Node share, declared so that wire/ compiles without any of their libraries.
declare const crypto: { getRandomValues<T extends Uint8Array>(array: T): T };
declare class TextDecoder {
  decode(bytes: Uint8Array): string;
}
declare class URL {
  constructor(url: string, base?: string);
  protocol: string;
  username: string;
  password: string;
  hash: string;
  search: string;
  pathname: string;
  origin: string;
  readonly href: string;
}
