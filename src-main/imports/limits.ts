/** Bounds that keep a hostile or broken source from taking the memory or the disk. Sizes in bytes unless named otherwise. */
export interface ImportLimits {
  /** One line, one array element, one archive entry. Larger ones become problem rows and are never held whole. */
  maxRecordBytes: number;
  /** One text of a row (prompt, output, …), in UTF-16 code units. */
  maxFieldChars: number;
  /** Nesting of arrays and objects in one record. */
  maxDepth: number;
  /** What a compressed file or an archive may grow to in all. */
  maxInflatedBytes: number;
  /** Growth factor a compressed file may have once it has grown past `ratioFromBytes`. */
  maxInflationRatio: number;
  ratioFromBytes: number;
  maxArchiveEntries: number;
  /** What is around the records in a JSON document (headers, configuration). */
  maxHeaderBytes: number;
}

export const defaultLimits: ImportLimits = {
  maxRecordBytes: 64 * 2 ** 20,
  maxFieldChars: 4 * 2 ** 20,
  maxDepth: 100,
  maxInflatedBytes: 256 * 2 ** 30,
  maxInflationRatio: 250,
  ratioFromBytes: 64 * 2 ** 20,
  maxArchiveEntries: 1_000_000,
  maxHeaderBytes: 16 * 2 ** 20,
};
