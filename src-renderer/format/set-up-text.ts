import type { SetUpOffer } from '@shared/contract/views.ts';
import { formatBytes } from '@shared/presentation/numbers.ts';

/** What a way costs: "156 MB from storage.googleapis.com, 45 MB of it already here". */
export function costOf({ bytes, hereBytes, exact, from }: SetUpOffer): string {
  const size = bytes === null ? 'of a size that is not told' : `${exact ? '' : 'about '}${formatBytes(bytes)}`;
  return `${size} from ${from}${hereBytes > 0 ? `, ${formatBytes(hereBytes)} of it already here` : ''}`;
}

/** What its button says. */
export function downloadWords({ bytes, hereBytes, exact }: SetUpOffer): string {
  if (bytes === null) return hereBytes > 0 ? 'Continue the download' : 'Download';
  const left = formatBytes(Math.max(0, bytes - hereBytes));
  return hereBytes > 0 ? `Download the remaining ${left}` : `Download ${exact ? '' : 'about '}${left}`;
}
