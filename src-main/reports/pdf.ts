/** Prints a report's HTML to PDF: a shell's own browser (Electron, or a Chromium that is present) does it. */
export interface PdfPrinter {
  /** Loads the HTML without network and returns the PDF's bytes. */
  print(html: string): Promise<Uint8Array>;
}
