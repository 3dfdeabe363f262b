import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { writeWhole } from '../../system/whole-file.ts';

const boundsSchema = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().min(640).max(20_000),
  height: z.number().int().min(480).max(20_000),
  maximized: z.boolean(),
});
export type WindowBounds = z.infer<typeof boundsSchema>;
export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

export const usualSize = { width: 1440, height: 900 };
/** So much of the title bar has to be on a screen for the window to be reached. */
const reachable = 80;

export async function readBounds(file: string): Promise<WindowBounds | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  try {
    return text === null ? null : boundsSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export async function writeBounds(file: string, bounds: WindowBounds): Promise<void> {
  await writeWhole(file, JSON.stringify(bounds));
}

/** Bounds that can be seen on the screens there are; null when the screen they were on is gone. */
export function visibleBounds(bounds: WindowBounds | null, screens: readonly Area[]): WindowBounds | null {
  if (bounds === null) return null;
  const isReachable = screens.some(
    ({ x, y, width, height }) =>
      bounds.x + bounds.width >= x + reachable &&
      bounds.x <= x + width - reachable &&
      bounds.y >= y - 1 &&
      bounds.y <= y + height - reachable,
  );
  return isReachable ? bounds : null;
}
