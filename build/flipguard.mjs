#!/usr/bin/env node
// The `flipguard` command: finds a Node that runs TypeScript sources, sets native parts up where the command needs them, and hands over.
import fs from 'node:fs';
import path from 'node:path';
import { ensureBundle } from './setup/bundle.mjs';
import { launchWorkbench } from './setup/launch.mjs';
import { ensureNative } from './setup/ensure-native.mjs';
import { checkoutDir } from './setup/paths.mjs';

/** Commands that open a training backend, themselves or in a child. */
const needsNative = new Set([
  'doctor',
  'bench',
  'train',
  'sweep',
  'resume',
  'relaunch',
  'evaluate',
  'study',
  'suspects',
  'watch',
  'endpoint',
  'demo',
  'serve',
  'export',
]);

const args = process.argv.slice(2);
const command = commandOf(args);
const fix = command === 'doctor' && args.includes('--fix');
const asksForHelp = args.includes('--help') || args.includes('-h');
// `--fix` belongs to set-up: the workbench only reports what it finds.
const passed = fix ? args.filter((arg) => arg !== '--fix') : args;

// Ending a server needs nothing of what it served.
const onlyEnds = command === 'serve' && args.includes('--stop');

if (command !== undefined && needsNative.has(command) && !asksForHelp && !onlyEnds) await ensureNative({ force: fix });
if (command === 'serve' && !asksForHelp && !onlyEnds) {
  const bundle = await ensureBundle('renderer');
  if (!bundle.ok) {
    process.stderr.write(`The interface could not be built: ${bundle.reason}\n`);
    process.exit(3);
  }
}
const sources = path.join(checkoutDir, 'src-main', 'shells', 'cli', 'main.ts');
const entry = fs.existsSync(sources) ? sources : path.join(checkoutDir, 'out', 'main', 'cli.js');
process.exitCode = await launchWorkbench(entry, passed);

/** The first word that is neither an option nor an option's value. */
function commandOf(words) {
  for (let i = 0; i < words.length; i += 1) {
    if (['--workspace', '--allow-endpoint', '--allow-command'].includes(words[i])) i += 1;
    else if (!words[i].startsWith('-')) return words[i];
  }
  return undefined;
}
