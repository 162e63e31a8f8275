import type { Options } from './options.ts';
import { start } from './start.ts';

// The script-tag entry, and the one module that acts when it is imported: options are the tag's data-* attributes.
const script = document.currentScript ?? document.querySelector('script[data-key]');
const { dataset = {}, src = '' } = (script ?? {}) as Partial<HTMLScriptElement>;
start({ ...(src && { collector: new URL(src, document.baseURI).origin }), ...dataset } as unknown as Options);
