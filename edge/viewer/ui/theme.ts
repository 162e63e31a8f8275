import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

const THEME_KEY = 'throughline.theme';
const stored = localStorage.getItem(THEME_KEY);

export const theme = signal<Theme>(stored === 'light' || stored === 'dark' ? stored : 'system');

/** Puts the choice on the document, where the style sheet's `light-dark()` colours follow it. */
export function startTheme(): void {
  effect(() => {
    if (theme.value === 'system') {
      delete document.documentElement.dataset.theme;
      localStorage.removeItem(THEME_KEY);
    } else {
      document.documentElement.dataset.theme = theme.value;
      localStorage.setItem(THEME_KEY, theme.value);
    }
  });
}

export function nextTheme(): void {
  const order: Theme[] = ['system', 'light', 'dark'];
  theme.value = order[(order.indexOf(theme.value) + 1) % order.length] as Theme;
}
