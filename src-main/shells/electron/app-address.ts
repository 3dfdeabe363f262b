import path from 'node:path';

/** The renderer's own origin. A scheme of its own: unlike file://, it has an origin, headers and no way to other files. */
export const appScheme = 'app';
export const appOrigin = 'app://workbench';
export const appPage = `${appOrigin}/index.html`;

/** True for addresses of the renderer itself; anything else has no business in the window. */
export function isAppAddress(address: string): boolean {
  return URL.canParse(address) && address.startsWith(`${appOrigin}/`) && new URL(address).host === 'workbench';
}

/** The file behind an address, or null when it names none in the folder. */
export function fileOfAddress(folder: string, address: string): string | null {
  if (!isAppAddress(address)) return null;
  const name = decodePath(new URL(address).pathname);
  if (name === null || name.includes('\0')) return null;
  const file = path.resolve(folder, `.${path.posix.normalize(name === '/' ? '/index.html' : name)}`);
  return file.startsWith(path.resolve(folder) + path.sep) ? file : null;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

export function contentTypeOf(file: string): string {
  return types[path.extname(file).toLowerCase()] ?? 'application/octet-stream';
}

function decodePath(pathname: string): string | null {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return null;
  }
}
