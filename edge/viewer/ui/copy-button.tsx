import { useState } from 'preact/hooks';
import { Icon } from './icons.tsx';

const SHOWN_MS = 1500;

/** Copies a text and says so. */
export function CopyButton({ text, label, children }: { text: string; label: string; children?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    if (!(await writeClipboard(text))) return;
    setCopied(true);
    setTimeout(() => setCopied(false), SHOWN_MS);
  };
  return (
    <button type="button" class="button quiet" onClick={copy} title={label} aria-label={copied ? 'Copied' : label}>
      <Icon name={copied ? 'check' : 'copy'} />
      {children ? <span>{copied ? 'Copied' : children}</span> : null}
      <span class="spoken" role="status">
        {copied ? 'Copied' : ''}
      </span>
    </button>
  );
}

// The clipboard API exists in secure contexts only; a collector on a plain http address of the local network is none.
async function writeClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    field.className = 'spoken';
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    return done;
  }
}
