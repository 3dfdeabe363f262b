import path from 'node:path';

/** Where this program is: the checkout, or the folder that holds the built `out`. */
export function checkoutFolder(here: string = import.meta.dirname): string {
  const parts = here.split(path.sep);
  const top = Math.max(parts.lastIndexOf('src-main'), parts.lastIndexOf('out'));
  return parts.slice(0, top).join(path.sep) || path.sep;
}
