// The look. Every colour, the font and the corners can be set by the page, with the variables that begin with
// `--headway-`; without them the element takes the page's font, and light or dark as the page's `color-scheme` says.
const STYLE = `
:host {
  display: block; box-sizing: border-box; text-align: start;
  font: var(--headway-font, inherit); color: var(--headway-text, light-dark(#17212d, #e7ecf2));
  --muted: var(--headway-muted, light-dark(#566373, #9dabba)); --line: var(--headway-line, light-dark(#d8dee6, #2c3743));
  --ground: var(--headway-background, light-dark(#ffffff, #171e26)); --track: var(--headway-track, light-dark(#e3e8ee, #2a343f));
  --accent: var(--headway-accent, light-dark(#1d5bd1, #86b1ff)); --on-accent: var(--headway-on-accent, light-dark(#ffffff, #0c1522));
  --good: var(--headway-good, light-dark(#17764a, #6cd6a0)); --bad: var(--headway-bad, light-dark(#b42318, #ff9a90)); --warn: var(--headway-warn, light-dark(#8a5200, #f0bf6a));
  --done: var(--headway-bar-succeeded, light-dark(#2a9d67, #35a873)); --failed: var(--headway-bar-failed, light-dark(#d6453a, #e5604f)); --retrying: var(--headway-bar-retrying, light-dark(#e0a021, #d99c2b));
}
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; }
.job { background: var(--ground); border: 1px solid var(--line); border-radius: var(--headway-radius, 10px); padding: var(--headway-padding, .9em 1.1em); line-height: 1.5; overflow-wrap: anywhere; }
.head { display: flex; flex-wrap: wrap; gap: .2em 1em; align-items: baseline; justify-content: space-between; }
.title { font-weight: 600; min-width: 0; }
.status { font-weight: 600; color: var(--muted); }
.status.Processing { color: var(--accent); } .status.Completed { color: var(--good); } .status.Failed { color: var(--bad); } .status.warn { color: var(--warn); }
.bar { display: flex; height: .75em; border-radius: 99px; overflow: hidden; background: var(--track); margin: .6em 0 .4em; }
.bar span { flex: 0 1 0; min-width: 0; transition: flex-basis .4s; }
.bar .succeeded { background: var(--done); } .bar .retrying { background: var(--retrying); }
.bar .failed { background: repeating-linear-gradient(135deg, transparent 0 6px, rgb(0 0 0 / 30%) 6px 9px) var(--failed); }
.counts { display: flex; flex-wrap: wrap; gap: 0 1em; margin: 0; padding: 0; list-style: none; font-variant-numeric: tabular-nums; }
.counts .failed { color: var(--bad); } .counts .total, .muted { color: var(--muted); }
p { margin: .4em 0 0; } p:empty { margin: 0; }
.bad { color: var(--bad); } .warn { color: var(--warn); }
.buttons { display: flex; flex-wrap: wrap; gap: .5em; margin-top: .7em; align-items: center; }
button { font: inherit; font-weight: 600; color: inherit; background: none; border: 1px solid var(--muted); border-radius: calc(var(--headway-radius, 10px) * .7); padding: .3em .8em; cursor: pointer; }
button:hover:not([aria-disabled]) { border-color: var(--accent); color: var(--accent); }
button.first { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button.first:hover:not([aria-disabled]) { color: var(--on-accent); }
button[aria-disabled] { opacity: .55; cursor: default; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
details { margin-top: .6em; } summary { cursor: pointer; color: var(--accent); }
.groups { list-style: none; margin: .4em 0 0; padding: 0; }
.groups li { display: flex; gap: .7em; padding: .35em 0; border-top: 1px solid var(--line); }
.groups .number { min-width: 2.5em; text-align: end; font-weight: 700; color: var(--bad); font-variant-numeric: tabular-nums; }
.example { color: var(--muted); font-size: .92em; }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
@media (forced-colors: active) { .bar { border: 1px solid; } .bar span { forced-color-adjust: none; } }
`;

// One sheet for all elements of the page. It is no inline style, so the page's policy need not allow any.
const SHEET = new CSSStyleSheet();
SHEET.replaceSync(STYLE);
