/**
 * Strings a stranger could send in the hope that a viewer runs them. Whatever runs calls `pwned()`. Families: markup in
 * text, breaking out of attributes and of script, URLs of other schemes, template languages, styles, control and
 * direction characters, keys that are names of built-ins, and frameworks' own object forms.
 */
const VECTORS = [
  '<script>pwned()</script>',
  '<img src=x onerror=pwned()>',
  '<svg onload=pwned()>',
  '<svg><animate onbegin=pwned() attributeName=x dur=1s>',
  '<svg><script>pwned()</script></svg>',
  '<body onload=pwned()>',
  '<iframe src="javascript:parent.pwned()">',
  '<iframe srcdoc="<script>parent.pwned()</script>">',
  '<object data="javascript:pwned()">',
  '<embed src="javascript:pwned()">',
  '<details open ontoggle=pwned()>',
  '<input autofocus onfocus=pwned()>',
  '<video><source onerror=pwned()></video>',
  '<audio src=x onerror=pwned()>',
  '<marquee onstart=pwned()>',
  '<math><mtext><table><mglyph><style><img src=x onerror=pwned()>',
  '<noscript><p title="</noscript><img src=x onerror=pwned()>">',
  '<form><button formaction=javascript:pwned()>x',
  '<a href=javascript:pwned()>x</a>',
  '<link rel=stylesheet href="data:text/css,*{background:url(javascript:pwned())}">',
  '<meta http-equiv=refresh content="0;url=javascript:pwned()">',
  '<base href="javascript:/pwned()//">',
  '<style>@import "javascript:pwned()";</style>',
  '<template><script>pwned()</script></template>',
  '<div style="animation-name:x" onanimationstart=pwned()>',
  '<xss contenteditable onbeforeinput=pwned()>',
  '<portal src="javascript:pwned()">',
  '<isindex action=javascript:pwned() type=image>',
];

const BREAKOUTS = ['', '"', "'", '">', "'>", '</script>', '</title>', '</textarea>', '--></style>', '`}'];

const URLS = [
  'javascript:pwned()',
  'JaVaScRiPt:pwned()',
  'java\tscript:pwned()',
  'java\nscript:pwned()',
  'java\r\nscript:pwned()',
  '\u0001javascript:pwned()',
  ' \u00a0javascript:pwned()',
  'javascript&colon;pwned()',
  'javascript&#58;pwned()',
  '&#106;avascript:pwned()',
  'javascript://https://a.example/%0apwned()',
  'javascript:https://a.example/;pwned()',
  'https:javascript:pwned()',
  'data:text/html,<script>opener.pwned()</script>',
  'data:text/html;base64,PHNjcmlwdD5vcGVuZXIucHduZWQoKTwvc2NyaXB0Pg==',
  'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" onload="pwned()"/>',
  'vbscript:pwned()',
  'blob:https://a.example/pwned',
  'filesystem:https://a.example/pwned',
  'view-source:javascript:pwned()',
  'file:///etc/passwd',
  'https://user:pwned@a.example/',
  '//a.example/pwned',
  '\\\\a.example\\pwned',
  'https://a.example/"onmouseover="pwned()',
  'https://a.example/<script>pwned()</script>',
];

const TEMPLATES = [
  '{{constructor.constructor("pwned()")()}}',
  '{{$on.constructor("pwned()")()}}',
  '$' + '{pwned()}',
  '#{pwned()}',
  '<%= pwned() %>',
  '{%raw%}<script>pwned()</script>{%endraw%}',
  '[[$' + '{pwned()}]]',
  '{"type":"script","props":{"children":"pwned()"}}',
  '{"__html":"<img src=x onerror=pwned()>"}',
  '{"type":"div","props":{"dangerouslySetInnerHTML":{"__html":"<img src=x onerror=pwned()>"}},"constructor":null}',
];

const STYLES = [
  'expression(pwned())',
  'url(javascript:pwned())',
  'red;background:url("javascript:pwned()")',
  '100%;--x:1',
  '}*{display:none}',
];

const CONTROLS = [
  '\u202epwned()\u202c',
  'a\u0000<script>pwned()</script>',
  '\ufeff<script>pwned()</script>',
  '\u2028pwned()\u2029',
  '\ud800<script>pwned()</script>',
  '+ADw-script+AD4-pwned()+ADw-/script+AD4-',
  '\uff1cscript\uff1epwned()\uff1c/script\uff1e',
  '%3Cscript%3Epwned()%3C/script%3E',
  '&lt;script&gt;pwned()&lt;/script&gt;',
  '\u001b[31mpwned()\u001b[0m',
  '\u001b]8;;javascript:pwned()\u0007x',
  '=cmd|"/c pwned()"!A1',
];

const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'valueOf',
  '__defineGetter__',
  'innerHTML',
  'onerror',
  'style',
  'href',
  'dangerouslySetInnerHTML',
  'ref',
  'key',
  'children',
];

const STACKS = [
  'Error: x\n    at <img src=x onerror=pwned()> (javascript:pwned():1:2)',
  'Error\n    at f (data:text/html,<script>pwned()</script>:1:2)',
  '<script>pwned()</script>@javascript:pwned():1:2',
  `Error\n    at ${'a.'.repeat(2000)}f (https://a.example/${'x/'.repeat(2000)}:1:2)`,
];

/** The corpus, without doubles: more than 300 strings. */
export const XSS_PAYLOADS: readonly string[] = [
  ...new Set([
    ...VECTORS.flatMap((vector) => BREAKOUTS.map((breakout) => breakout + vector)),
    ...URLS,
    ...TEMPLATES,
    ...STYLES,
    ...CONTROLS,
    ...KEYS,
    ...STACKS,
  ]),
];
