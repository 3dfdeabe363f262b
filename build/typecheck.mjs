// Type-checks every layer against its own tsconfig: what a layer may touch (Node, DOM) is part of its types. The native compiler
// (typescript 7, under a name of its own) checks everything but the renderer: vue-tsc and the linter still need the one in JavaScript.
import path from 'node:path';
import { launchWorkbench } from './setup/launch.mjs';
import { checkoutDir, modulesDir } from './setup/paths.mjs';

process.chdir(checkoutDir);
let status = 0;
for (const dir of ['src-main/shared', 'src-main/engine', 'src-main/preload', 'src-main', 'test', 'build'])
  status =
    (await launchWorkbench(path.join(modulesDir, 'typescript-native/bin/tsc'), ['-p', `${dir}/tsconfig.json`])) ||
    status;
status =
  (await launchWorkbench(path.join(modulesDir, 'vue-tsc/bin/vue-tsc.js'), ['-p', 'src-renderer/tsconfig.json'])) ||
  status;
process.exitCode = status;
