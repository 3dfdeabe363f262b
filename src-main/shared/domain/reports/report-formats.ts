/** To read: html, pdf, md. The others hold rows; json the whole report too. */
export const reportFormats = ['html', 'pdf', 'md', 'csv', 'json', 'ndjson', 'parquet'] as const;
export type ReportFormat = (typeof reportFormats)[number];
