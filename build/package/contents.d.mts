export interface PackagedFile {
  /** Path inside the archive, with forward slashes. */
  path: string;
  /** The file on disk. */
  source: string;
  bytes: number;
  /** Whether it goes next to the archive and not into it. */
  unpacked: boolean;
}

export function packagedFiles(platform?: 'linux' | 'mac' | 'windows', arch?: string): Promise<PackagedFile[]>;
