import type { Configuration } from 'electron-builder';

export const packageDir: string;
export const assetsDir: string;
export function packageConfig(options?: {
  electronDist?: string;
  fuses?: boolean;
  platform?: NodeJS.Platform;
  arch?: string;
}): Configuration;
