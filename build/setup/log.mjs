// What set-up says: on stderr only, so that `--json` output stays clean.
const isTerminal = process.stderr.isTTY === true;
let lastLineAtMs = 0;
let lineOpen = false;

/** Who shows it in place of the terminal: `{ kind: 'say', text }` and `{ kind: 'progress', label, doneBytes, totalBytes }`. */
let listener;

export function tellInstead(listen) {
  listener = listen;
}

export function say(text) {
  if (listener !== undefined) return listener({ kind: 'say', text });
  if (process.env.FLIPGUARD_QUIET === '1') return;
  if (lineOpen) process.stderr.write('\n');
  lineOpen = false;
  process.stderr.write(`set-up: ${text}\n`);
}

/** One moving line on a terminal, a line every ten seconds in a log. */
export function progress(label, doneBytes, totalBytes) {
  if (listener !== undefined) return listener({ kind: 'progress', label, doneBytes, totalBytes });
  if (process.env.FLIPGUARD_QUIET === '1') return;
  const nowMs = Date.now();
  if (nowMs - lastLineAtMs < (isTerminal ? 200 : 10_000)) return;
  lastLineAtMs = nowMs;
  const of = totalBytes ? ` of ${megabytes(totalBytes)} (${Math.floor((100 * doneBytes) / totalBytes)} %)` : '';
  const text = `set-up: ${label}: ${megabytes(doneBytes)}${of}`;
  if (isTerminal) {
    process.stderr.write(`\r\u001b[K${text}`);
    lineOpen = true;
  } else process.stderr.write(`${text}\n`);
}

export function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
