// Every size of the icon from one drawing: PNGs for Linux, one .icns for macOS, one .ico for Windows.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Resvg, initWasm } from '@resvg/resvg-wasm';
import { checkoutDir } from '../setup/paths.mjs';
import { assetsDir } from './config.mjs';

const linuxSizes = [16, 24, 32, 48, 64, 128, 256, 512];
const windowsSizes = [16, 24, 32, 48, 64, 128, 256];
/** The names that Apple's container gives to PNGs of these sizes; the second of two is for displays of double density. */
const appleTypes = [
  ['icp4', 16],
  ['icp5', 32],
  ['ic11', 32],
  ['ic12', 64],
  ['ic07', 128],
  ['ic13', 256],
  ['ic08', 256],
  ['ic14', 512],
  ['ic09', 512],
  ['ic10', 1024],
];

let ready;

/** Writes the icons into the folder of assets. */
export async function makeIcons(source = path.join(checkoutDir, 'resources', 'icon.svg')) {
  ready ??= initWasm(fs.readFileSync(createRequire(import.meta.url).resolve('@resvg/resvg-wasm/index_bg.wasm')));
  await ready;
  const svg = fs.readFileSync(source, 'utf8');
  const drawn = new Map();
  const png = (size) => {
    if (!drawn.has(size))
      drawn.set(size, Buffer.from(new Resvg(svg, { fitTo: { mode: 'width', value: size } }).render().asPng()));
    return drawn.get(size);
  };
  const folder = path.join(assetsDir, 'icons');
  fs.mkdirSync(folder, { recursive: true });
  for (const size of linuxSizes) fs.writeFileSync(path.join(folder, `${size}x${size}.png`), png(size));
  fs.writeFileSync(path.join(assetsDir, 'icon.ico'), ico(windowsSizes.map((size) => ({ size, data: png(size) }))));
  fs.writeFileSync(
    path.join(assetsDir, 'icon.icns'),
    icns(appleTypes.map(([type, size]) => ({ type, data: png(size) }))),
  );
}

/** An .ico of PNGs: a header, an entry of sixteen bytes per image, the images. */
export function ico(images) {
  const head = Buffer.alloc(6 + 16 * images.length);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(images.length, 4);
  let offset = head.length;
  for (const [i, { size, data }] of images.entries()) {
    const at = 6 + 16 * i;
    // 256 does not fit into a byte and is written as 0.
    head.writeUInt8(size % 256, at);
    head.writeUInt8(size % 256, at + 1);
    head.writeUInt16LE(1, at + 4);
    head.writeUInt16LE(32, at + 6);
    head.writeUInt32LE(data.length, at + 8);
    head.writeUInt32LE(offset, at + 12);
    offset += data.length;
  }
  return Buffer.concat([head, ...images.map(({ data }) => data)]);
}

/** An .icns of PNGs: each chunk is its type, its whole length, its data; the file begins as one such chunk around all. */
export function icns(images) {
  const chunk = (type, data) => {
    const head = Buffer.alloc(8);
    head.write(type, 0, 'latin1');
    head.writeUInt32BE(data.length + 8, 4);
    return Buffer.concat([head, data]);
  };
  return chunk('icns', Buffer.concat(images.map(({ type, data }) => chunk(type, data))));
}
