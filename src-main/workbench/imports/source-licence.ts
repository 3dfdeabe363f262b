import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { frontMatter } from '../hub/data-files.ts';

export interface SourceLicence {
  licence: string;
  /** The file that names it. */
  file: string;
}

/** A card or a licence is told by its beginning. */
const readBytes = 65_536;
const longestName = 200;

/**
 * The licence that is next to a source: in the head of its dataset card (`license:` of a README.md), in `dataset_info.json`,
 * `dataset_infos.json` or `datapackage.json`, or as a LICENSE file, in this order; of a file in a folder `data`, also in the folder above,
 * as on the Hub. Null where none names one. A file that cannot be read names none.
 */
export async function licenceOf(source: string): Promise<SourceLicence | null> {
  for (const folder of await foldersOf(source)) {
    const names = await readdir(folder).catch(() => []);
    for (const { matches, licenceIn } of namers) {
      for (const name of names.filter((one) => matches.test(one)).sort()) {
        const text = await beginningOf(path.join(folder, name));
        const licence = text === null ? null : oneLicence(licenceIn(text));
        if (licence !== null) return { licence, file: name };
      }
    }
  }
  return null;
}

async function foldersOf(source: string): Promise<string[]> {
  const isFolder = (await stat(source).catch(() => null))?.isDirectory() === true;
  const folder = isFolder ? path.resolve(source) : path.dirname(path.resolve(source));
  return path.basename(folder) === 'data' ? [folder, path.dirname(folder)] : [folder];
}

const namers: readonly { matches: RegExp; licenceIn: (text: string) => unknown }[] = [
  { matches: /^readme\.md$/i, licenceIn: (text) => licenceOfCard(frontMatter(text)) },
  { matches: /^dataset_infos?\.json$/, licenceIn: (text) => licenceOfInfo(json(text)) },
  { matches: /^datapackage\.json$/, licenceIn: (text) => licenceOfInfo(json(text)) },
  { matches: /^(licen[cs]e|copying)(\.(md|txt|rst))?$/i, licenceIn: nameOfLicence },
];

function licenceOfCard(card: unknown): unknown {
  const { license, licence, license_name: called } = fieldsOf(card);
  const named = license ?? licence;
  return named === 'other' && typeof called === 'string' ? called : named;
}

/** Of one configuration, or of several by name. */
function licenceOfInfo(info: unknown): unknown {
  const { license, licence, licenses, ...others } = fieldsOf(info);
  const own = license ?? licence ?? (Array.isArray(licenses) ? licenses.map(nameOf) : undefined);
  if (own !== undefined) return own;
  return [...new Set(Object.values(others).map((one) => fieldsOf(one)['license']))];
}

function nameOf(licence: unknown): unknown {
  const { name, title } = fieldsOf(licence);
  return name ?? title ?? licence;
}

/** The licences that are met most, by how their texts begin; of any other text, its first line. */
function nameOfLicence(text: string): string {
  const head = text.slice(0, 3000).replace(/\s+/g, ' ');
  const known = texts.find(([, pattern]) => pattern.test(head));
  return (
    known?.[0] ??
    text
      .split('\n')
      .find((line) => /\w/.test(line))
      ?.replace(/^[#=*\s]+|[#=*\s]+$/g, '') ??
    ''
  );
}

const texts: readonly [licence: string, text: RegExp][] = [
  ['apache-2.0', /Apache License,? Version 2\.0/i],
  ['agpl-3.0', /GNU AFFERO GENERAL PUBLIC LICENSE Version 3/i],
  ['lgpl-3.0', /GNU LESSER GENERAL PUBLIC LICENSE Version 3/i],
  ['gpl-3.0', /GNU GENERAL PUBLIC LICENSE Version 3/i],
  ['gpl-2.0', /GNU GENERAL PUBLIC LICENSE Version 2/i],
  ['mpl-2.0', /Mozilla Public License,? Version 2\.0/i],
  ['cc0-1.0', /CC0 1\.0 Universal/i],
  ['cc-by-nc-sa-4.0', /Attribution-NonCommercial-ShareAlike 4\.0 International/i],
  ['cc-by-nc-nd-4.0', /Attribution-NonCommercial-NoDerivatives 4\.0 International/i],
  ['cc-by-nc-4.0', /Attribution-NonCommercial 4\.0 International/i],
  ['cc-by-sa-4.0', /Attribution-ShareAlike 4\.0 International/i],
  ['cc-by-nd-4.0', /Attribution-NoDerivatives 4\.0 International/i],
  ['cc-by-4.0', /Attribution 4\.0 International/i],
  ['odc-by', /Open Data Commons Attribution License|ODC-By/i],
  ['odbl', /Open Database License/i],
  ['unlicense', /This is free and unencumbered software released into the public domain/i],
  ['isc', /\bISC License\b|Permission to use, copy, modify, and(\/or)? distribute this software for any purpose/i],
  ['mit', /\bMIT License\b|Permission is hereby granted, free of charge, to any person obtaining a copy/i],
  ['bsd-3-clause', /Redistribution and use in source and binary forms[\s\S]*Neither the name/i],
  ['bsd-2-clause', /Redistribution and use in source and binary forms/i],
];

function oneLicence(found: unknown): string | null {
  const names = [found ?? []].flat().filter((one): one is string => typeof one === 'string' && one.trim() !== '');
  const text = names.join(', ').replace(/\s+/g, ' ').trim().slice(0, longestName);
  return text === '' ? null : text;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function beginningOf(file: string): Promise<string | null> {
  try {
    if (!(await stat(file)).isFile()) return null;
    await using handle = await open(file);
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(readBytes), position: 0 });
    return buffer.toString('utf8', 0, bytesRead).replace(/^\ufeff/, '');
  } catch {
    return null;
  }
}
