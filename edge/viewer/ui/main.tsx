import { render } from 'preact';
import { App } from './app.tsx';
import { startLive } from './live.ts';
import { startLocation } from './location.ts';
import { startTheme } from './theme.ts';

startTheme();
startLocation();
startLive();
const mount = document.getElementById('viewer');
if (mount) render(<App />, mount);
