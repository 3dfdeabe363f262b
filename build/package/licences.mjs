// The licences of everything that ships, in one text file.
import fs from 'node:fs';
import path from 'node:path';
import { assetsDir } from './config.mjs';

const licenceName = /^(licen[cs]e|copying|notice)([-.].*)?$/i;

/**
 * Writes licences.txt about the packages found at the given folders (`…/node_modules/NAME`).
 * @param {readonly string[]} folders
 * @returns {{ file: string, packages: number, unlicensed: string[] }} `unlicensed`: packages that name no licence anywhere.
 */
export function writeLicences(folders, file = path.join(assetsDir, 'licences.txt')) {
  const unlicensed = [];
  const entries = new Map();
  for (const folder of folders) {
    const { name, version, license, licenses } = readJson(path.join(folder, 'package.json'));
    const named =
      typeof license === 'string' ? license : (license?.type ?? licenses?.map(({ type }) => type).join(' or '));
    const texts = fs
      .readdirSync(folder)
      .filter((one) => licenceName.test(one) && fs.statSync(path.join(folder, one)).isFile())
      .sort()
      .map((one) => fs.readFileSync(path.join(folder, one), 'utf8').trim());
    if (named === undefined && texts.length === 0) unlicensed.push(`${name}@${version}`);
    entries.set(`${name} ${version}`, [`${name} ${version} (${named ?? 'see below'})`, ...texts].join('\n\n'));
  }
  const rule = `\n\n${'='.repeat(100)}\n\n`;
  const text = [...entries].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, entry]) => entry);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `FlipGuard Workbench ships these packages.${rule}${text.join(rule)}\n`);
  return { file, packages: entries.size, unlicensed };
}

function readJson(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}
