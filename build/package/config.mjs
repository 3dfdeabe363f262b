// What electron-builder is told. `build/package.mjs` runs it; the tests ask it for its list of files.
import path from 'node:path';
import { checkoutDir } from '../setup/paths.mjs';

/** Where the installers and the unpacked folder go. */
export const packageDir = path.join(checkoutDir, 'dist', 'package');
/** Made from the checkout before packing: icons, licences. */
export const assetsDir = path.join(checkoutDir, 'out', 'package');

/**
 * @param {{ electronDist?: string, fuses?: boolean, platform?: NodeJS.Platform, arch?: string }} options `electronDist`: a folder with Electron, for machines that cannot fetch it.
 *   `fuses`: off where Electron's binary, in which they are, is only stood in for. `platform`, `arch`: of the native parts that are kept.
 * @returns {import('electron-builder').Configuration}
 */
export function packageConfig({ electronDist, fuses = true, platform = process.platform, arch = process.arch } = {}) {
  return {
    appId: 'org.flipguard.workbench',
    productName: 'FlipGuard Workbench',
    executableName: 'flipguard-workbench',
    copyright: 'MIT licence',
    directories: { output: packageDir, buildResources: assetsDir },
    // better-sqlite3 is a Node-API addon: one build runs in every Node and Electron, and comes with its package.
    npmRebuild: false,
    nodeGypRebuild: false,
    ...(electronDist === undefined ? {} : { electronDist }),
    electronLanguages: ['en-US'],
    asar: true,
    files: [
      'package.json',
      'LICENSE',
      'out/main/**',
      'out/preload/**',
      'out/renderer/**',
      'resources/**',
      'build/setup.mjs',
      'build/setup/*.mjs',
      'build/setup/*.json',
      'build/setup/*.py',
      'build/native/*',
      { from: path.relative(checkoutDir, assetsDir), to: '.', filter: ['licences.txt'] },
      { from: path.relative(checkoutDir, path.join(assetsDir, 'binding')), to: 'build/binding', filter: ['*.node'] },
      'out/package/icons/64x64.png',
      ...withoutForeign(platform, arch),
      '!**/*.map',
      '!**/*.ts',
      '!**/*.mts',
      '!**/*.cts',
      '!**/{test,tests,__tests__,example,examples,benchmark,benchmarks,docs}/**',
      // Electron is the Node of the package.
      '!node_modules/node-{bin-darwin-arm64,darwin-x64,linux-x64,linux-arm64,win-x64}/**',
      // Sources of what is there compiled.
      '!node_modules/better-sqlite3/{deps,src}/**',
      '!node_modules/@tensorflow/tfjs-node-gpu/{scripts,src}/**',
      // What was compiled for the library of this machine, with its paths: the package has a binding of its own.
      '!node_modules/@tensorflow/tfjs-node-gpu/lib/**',
      // tfjs-node asks for the whole of tfjs and uses one of its builds.
      '!node_modules/@tensorflow/*/dist/**/*.min.js*',
      '!node_modules/@tensorflow/*/dist/**/*.es2017.js',
      '!node_modules/@tensorflow/*/dist/**/*.fesm.js',
      '!node_modules/@tensorflow/*/dist/**/*_test.js',
    ],
    // What the system's loader opens, what a compiler reads, and what is started as a program cannot be in an archive.
    asarUnpack: [
      '**/*.node',
      'node_modules/better-sqlite3/**',
      'node_modules/@tensorflow/tfjs-node-gpu/**',
      'node_modules/webgpu/**',
      'build/setup.mjs',
      'build/setup/**',
      'build/native/**',
      'build/binding/**',
    ],
    ...(fuses
      ? {
          electronFuses: {
            runAsNode: false,
            enableNodeOptionsEnvironmentVariable: false,
            enableNodeCliInspectArguments: false,
            enableCookieEncryption: true,
            enableEmbeddedAsarIntegrityValidation: true,
            onlyLoadAppFromAsar: true,
            grantFileProtocolExtraPrivileges: false,
          },
        }
      : {}),
    fileAssociations: [
      {
        ext: 'flipguard',
        name: 'FlipGuard workspace',
        description: 'FlipGuard workspace file',
        mimeType: 'application/vnd.flipguard.workspace+zip',
        role: 'Editor',
      },
    ],
    protocols: [{ name: 'FlipGuard Workbench', schemes: ['flipguard'] }],
    // Nothing asks a server for updates; a release is published by hand.
    publish: null,
    linux: {
      target: ['AppImage', 'deb'],
      category: 'Science',
      synopsis: 'Find, understand and train away negative flips',
      maintainer: 'FlipGuard Workbench',
      icon: path.join(assetsDir, 'icons'),
      // Reports are HTML: the workbench is offered for them, and does not become what opens every page.
      mimeTypes: ['text/html'],
    },
    mac: {
      target: ['dmg'],
      category: 'public.app-category.developer-tools',
      icon: path.join(assetsDir, 'icon.icns'),
      hardenedRuntime: true,
      fileAssociations: [{ ext: 'html', name: 'FlipGuard report', role: 'Viewer', rank: 'Alternate' }],
    },
    win: { target: ['nsis'], icon: path.join(assetsDir, 'icon.ico') },
    nsis: { oneClick: false, perMachine: false, allowToChangeInstallationDirectory: true },
    deb: {
      depends: ['libgtk-3-0', 'libnotify4', 'libnss3', 'libxss1', 'libxtst6', 'xdg-utils', 'libatspi2.0-0', 'libuuid1'],
    },
  };
}

/**
 * Patterns that leave out the native parts of other systems and processors. They are in the one list of files: electron-builder reads a
 * platform's own list, when it only leaves out, as one that begins with everything.
 */
function withoutForeign(platform, arch) {
  const systems = ['linux', 'linuxmusl', 'darwin', 'win32'];
  const processors = ['x64', 'arm64', 'universal'];
  const kept = new Set([`${platform}-${arch}`, ...(platform === 'darwin' ? ['darwin-universal'] : [])]);
  const others = systems.flatMap((system) => processors.map((processor) => `${system}-${processor}`));
  return others
    .filter((name) => !kept.has(name))
    .flatMap((name) => [`!node_modules/better-sqlite3/prebuilds/${name}.node`, `!node_modules/webgpu/dist/${name}/**`]);
}
