/** A file that was dropped or chosen, with its path below what was. */
export interface Dropped {
  file: File;
  path: string;
}

const mostFiles = 20_000;

/** The files of a drop, those of folders with their paths. To be called while the event is handled: its data is gone afterwards. */
export function droppedFiles(transfer: DataTransfer): Promise<Dropped[]> {
  const plain = [...transfer.files].map((file): Dropped => ({ file, path: file.name }));
  const entries = [...transfer.items].map((item) => (item.kind === 'file' ? item.webkitGetAsEntry() : null));
  const known = entries.filter((entry) => entry !== null);
  return known.some(({ isDirectory }) => isDirectory) ? walk(known) : Promise.resolve(plain);
}

/** The files of an `<input type=file>`, of a chosen folder with their paths. */
export function chosenFiles(input: HTMLInputElement): Dropped[] {
  const files = [...(input.files ?? [])].map((file): Dropped => ({
    file,
    path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath,
  }));
  return files.filter(({ path }) => !isHidden(path));
}

async function walk(entries: readonly FileSystemEntry[]): Promise<Dropped[]> {
  const found: Dropped[] = [];
  for (const entry of entries) await collect(entry, '', found);
  return found;
}

async function collect(entry: FileSystemEntry, folder: string, found: Dropped[]): Promise<void> {
  if (found.length >= mostFiles || isHidden(entry.name)) return;
  const path = folder + entry.name;
  if (isFileEntry(entry)) {
    found.push({ file: await fileOf(entry), path });
    return;
  }
  if (!isFolderEntry(entry)) return;
  const reader = entry.createReader();
  // A folder is listed in parts, and an empty part is its end.
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return;
    for (const inner of part) await collect(inner, `${path}/`, found);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

function isFileEntry(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isFolderEntry(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

function isHidden(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.'));
}
