// `node build/node24.mjs SCRIPT|TOOL …`: runs a script of this checkout, or a tool of node_modules/.bin, under a Node new enough for it.
import fs from 'node:fs';
import path from 'node:path';
import { launchWorkbench } from './setup/launch.mjs';
import { checkoutDir, modulesDir } from './setup/paths.mjs';

const [what, ...args] = process.argv.slice(2);
if (what === undefined) {
  process.stderr.write('usage: node build/node24.mjs SCRIPT|TOOL …\n');
  process.exit(2);
}
process.exitCode = await launchWorkbench(resolve(what), args);

function resolve(name) {
  if (name.endsWith('.ts') || name.endsWith('.mjs')) return path.resolve(checkoutDir, name);
  // The package that carries the tool names its script; the links in .bin are shell scripts on Windows.
  const owner = { depcruise: 'dependency-cruiser', tsc: 'typescript' }[name] ?? name;
  const dir = path.join(modulesDir, owner);
  const { bin } = JSON.parse(fs.readFileSync(path.join(dir, 'package.json'), 'utf8'));
  return path.join(dir, typeof bin === 'string' ? bin : bin[name]);
}
