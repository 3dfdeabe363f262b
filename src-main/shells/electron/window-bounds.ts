import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { writeWhole } from '../../system/whole-file.ts';

const boundsSchema = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().min(640).max(20_000),
  height: z.number().int().min(480).max(20_000),
  maximized: z.boolean(),
  /** Chromium's zoom level; 0 is 100 %. */
  zoom: z.number().min(-8).max(9).default(0),
});
const placesSchema = z.object({ last: z.string(), displays: z.record(z.string().max(100), boundsSchema) });

export type WindowBounds = z.infer<typeof boundsSchema>;
/** Where the window was on each display, and which display it was on last. */
export type WindowPlaces = z.infer<typeof placesSchema>;

export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}
export interface DisplayArea extends Area {
  /** The system's name for the display. */
  key: string;
}

export const usualSize = { width: 1440, height: 900 };
const mostDisplays = 20;
/** So much of the title bar has to be on a screen for the window to be reached. */
const reachable = 80;

export async function readPlaces(file: string): Promise<WindowPlaces | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  try {
    return text === null ? null : placesSchema.parse(JSON.parse(text));
  } catch {
    // A damaged memory of windows is no reason not to open one.
    return null;
  }
}

/** Keeps the place for one display next to those of the others. */
export async function writePlace(file: string, display: string, bounds: WindowBounds): Promise<void> {
  const before = Object.entries((await readPlaces(file))?.displays ?? {}).filter(([key]) => key !== display);
  const displays = Object.fromEntries([[display, bounds] as const, ...before].slice(0, mostDisplays));
  await writeWhole(file, JSON.stringify({ last: display, displays }));
}

/** Where to open: on the display of the last time when it is there, else as it was on the first display, else nowhere special. */
export function placeToOpen(places: WindowPlaces | null, displays: readonly DisplayArea[]): WindowBounds | null {
  if (places === null) return null;
  const there = displays.find(({ key }) => key === places.last) ?? displays[0];
  return there === undefined ? null : visibleBounds(places.displays[there.key] ?? null, displays);
}

/** The bounds, when they can be seen on the screens there are; null when the screen they were on is gone. */
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
