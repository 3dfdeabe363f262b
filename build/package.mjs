// `npm run package`: installers for this system, into dist/package. `-- --dir` makes the unpacked folder alone.
// Where Electron's binary cannot be had, everything but the binary is packed, and one sentence says so.
import fs from 'node:fs';
import path from 'node:path';
import { build, Platform } from 'electron-builder';
import { makePackagedBinding } from './package/binding.mjs';
import { packageConfig, packageDir } from './package/config.mjs';
import { packagedFiles } from './package/contents.mjs';
import { makeIcons } from './package/icons.mjs';
import { writeLicences } from './package/licences.mjs';
import { quietly, standInElectron } from './package/stand-in.mjs';
import { ensureBundle } from './setup/bundle.mjs';
import { findElectron } from './setup/electron-binary.mjs';
import { say } from './setup/log.mjs';
import { checkoutDir, modulesDir } from './setup/paths.mjs';

const dirOnly = process.argv.includes('--dir');
const platform = { linux: 'linux', darwin: 'mac', win32: 'windows' }[process.platform];
process.chdir(checkoutDir);
try {
  process.exitCode = await makePackage();
} catch (error) {
  process.stderr.write(`The package could not be made: ${error.message.split('\n')[0]}\n${error.said ?? ''}\n`);
  process.exitCode = 3;
}

async function makePackage() {
  if (platform === undefined) {
    process.stderr.write(`There is no package for ${process.platform}.\n`);
    return 2;
  }
  const bundle = await ensureBundle('all');
  if (!bundle.ok) throw new Error(`the bundle was not built: ${bundle.reason}`);
  const unbound = await makePackagedBinding();
  if (unbound !== null)
    process.stderr.write(
      `The package has no TensorFlow binding, so training uses WebGPU or WebAssembly where no compiler is: ${unbound}.\n`,
    );
  say('drawing icons and collecting licences');
  await makeIcons();
  const { packages, unlicensed } = writeLicences(await packageFolders());
  if (unlicensed.length > 0) throw new Error(`no licence is named by ${unlicensed.join(', ')}`);
  const electron = await findElectron();
  const real = 'file' in electron;
  const dist = real ? path.dirname(electronRoot(electron.file)) : path.join(checkoutDir, 'out', 'package', 'electron');
  if (!real) standInElectron(dist, platform);
  const target = { linux: Platform.LINUX, mac: Platform.MAC, windows: Platform.WINDOWS }[platform];
  say(dirOnly || !real ? 'packing the folder' : 'packing the installers');
  fs.rmSync(packageDir, { recursive: true, force: true });
  const made = await quietly(() =>
    build({
      projectDir: checkoutDir,
      targets: dirOnly || !real ? target.createTarget('dir') : target.createTarget(),
      config: packageConfig({ electronDist: dist, fuses: real }),
    }),
  );
  const folder = path.relative(checkoutDir, made[0] ?? unpackedFolder());
  if (!real) {
    for (const name of ['flipguard-workbench', 'FlipGuard Workbench.exe', 'resources/placeholder', 'locales'])
      fs.rmSync(path.join(unpackedFolder(), name), { recursive: true, force: true });
    process.stdout.write(
      `${path.relative(checkoutDir, unpackedFolder())} holds the whole application, with the licences of ${packages} packages, but not Electron’s binary: ${electron.reason}; name a folder that has it in ELECTRON_OVERRIDE_DIST_PATH and run this again.\n`,
    );
    return 0;
  }
  process.stdout.write(
    `Made ${made.length === 0 ? folder : made.map((file) => path.relative(checkoutDir, file)).join(', ')}.\n`,
  );
  return 0;
}

/** Folders of the packages that ship: of those whose files would be packed, and of those whose code is in the interface. */
async function packageFolders() {
  const bundled = JSON.parse(fs.readFileSync(path.join(checkoutDir, 'out', 'renderer-packages.json'), 'utf8'));
  const folders = new Set(bundled.map((name) => path.join(modulesDir, ...name.split('/'))));
  for (const { source } of await packagedFiles(platform, process.arch)) {
    const at = source.lastIndexOf(`${path.sep}node_modules${path.sep}`);
    if (at < 0) continue;
    const [scope, name] = source.slice(at + 14).split(path.sep);
    const folder = path.join(source.slice(0, at + 14), scope.startsWith('@') ? path.join(scope, name) : scope);
    if (fs.existsSync(path.join(folder, 'package.json'))) folders.add(folder);
  }
  return [...folders];
}

function unpackedFolder() {
  const suffix = process.arch === 'x64' ? '' : `-${process.arch}`;
  return path.join(
    packageDir,
    { linux: `linux${suffix}-unpacked`, windows: `win${suffix}-unpacked`, mac: `mac${suffix}` }[platform],
  );
}

/** The folder of Electron's distribution: three levels up from the executable of a macOS bundle. */
function electronRoot(file) {
  return process.platform === 'darwin' ? path.resolve(file, '..', '..', '..') : file;
}
