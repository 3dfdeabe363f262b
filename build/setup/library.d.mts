export interface Library {
  readonly root: string;
  readonly libDir: string;
  readonly includeDir: string | undefined;
  readonly main: string;
  readonly framework: string | undefined;
}
export interface LibraryRecord {
  readonly flavour: string;
  readonly origin: string;
}
export function describeLibrary(dir: string, platform?: string): Library | undefined;
export function readRecord(dir: string): (LibraryRecord & { readonly library: Library }) | undefined;
export function writeRecord(dir: string, record: LibraryRecord): LibraryRecord & { readonly library: Library };
