import { type Browser, chromium } from 'playwright';
import { CHROMIUM_ARGS, ensureChromium } from '../../scripts/chromium.ts';

/**
 * A real Chromium with an empty profile. Close it in `afterAll`.
 * @param withoutArgs arguments Playwright would add, such as the one that switches the back/forward cache off
 */
export function launchBrowser(withoutArgs: string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: ensureChromium(), args: CHROMIUM_ARGS, ignoreDefaultArgs: withoutArgs });
}
