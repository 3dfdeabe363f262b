// The list of files that electron-builder would pack, by its own matcher and its own search for modules, without packing them.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { checkoutDir } from '../setup/paths.mjs';
import { packageConfig } from './config.mjs';
import { quietly, standInElectron } from './stand-in.mjs';

const nodeName = { linux: 'linux', mac: 'darwin', windows: 'win32' };
const require = createRequire(import.meta.url);

/**
 * @param {'linux' | 'mac' | 'windows'} platform
 * @returns {Promise<{ path: string, source: string, bytes: number, unpacked: boolean }[]>} `path` inside the archive, `source` on disk.
 */
export async function packagedFiles(platform = 'linux', arch = 'x64') {
  const { build, Platform, Arch } = require('electron-builder');
  const { AsarPackager } = require('app-builder-lib/out/asar/asarUtil.js');
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'flipguard-package-'));
  const files = [];
  const pack = AsarPackager.prototype.pack;
  // Packing itself is left out: the sets of files that it is given are what is asked for, and nothing after it is wanted.
  const collected = new Error('collected');
  AsarPackager.prototype.pack = async function (sets) {
    const unpacks = this.config.unpackPattern ?? (() => false);
    for (const { src, destination, files: sources, metadata } of sets)
      for (const source of sources) {
        const stat = metadata.get(source) ?? fs.statSync(source);
        if (stat.isDirectory()) continue;
        const target = path.join(destination, path.relative(src, source));
        files.push({
          path: path.relative(this.config.defaultDestination, target).split(path.sep).join('/'),
          source,
          bytes: stat.size,
          unpacked: unpacks(source, stat),
        });
      }
    throw collected;
  };
  try {
    const config = packageConfig({
      electronDist: standInElectron(path.join(work, 'electron'), platform),
      fuses: false,
      platform: nodeName[platform],
      arch,
    });
    const target = { linux: Platform.LINUX, mac: Platform.MAC, windows: Platform.WINDOWS }[platform];
    await quietly(() =>
      build({
        projectDir: checkoutDir,
        targets: target.createTarget('dir', Arch[arch]),
        config: { ...config, directories: { ...config.directories, output: path.join(work, 'packed') } },
      }),
    );
  } catch (error) {
    if (error !== collected) throw error;
  } finally {
    AsarPackager.prototype.pack = pack;
    fs.rmSync(work, { recursive: true, force: true });
  }
  return files;
}
