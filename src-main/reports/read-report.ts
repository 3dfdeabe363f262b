import { WorkbenchError } from '../shared/domain/errors.ts';
import { reportModelSchema } from './report-model.ts';
import type { ReportModel } from './report-model.ts';

/** Id of the script element that carries a report's data. */
export const reportDataId = 'flipguard-report';

/** Opens a report again from its HTML: nothing in the file runs, and its data is believed only as far as it fits the schema. */
export function readReport(html: string, file?: string): ReportModel {
  const place = file === undefined ? {} : { place: { file } };
  const opening = `<script type="application/json" id="${reportDataId}">`;
  const start = html.indexOf(opening);
  const end = start < 0 ? -1 : html.indexOf('</script>', start);
  if (end < 0) {
    throw new WorkbenchError('bad-input', 'This file is not a report of the workbench: it carries no report data.', {
      remedy: 'Choose an HTML file that was exported as a report.',
      ...place,
    });
  }
  const data = parseJson(html.slice(start + opening.length, end), place);
  refuseOtherVersions(data, place);
  const parsed = reportModelSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const field = first?.path.map(String).join('.') ?? '';
  throw new WorkbenchError('corrupt', `The report’s data does not fit: ${first?.message ?? 'unknown'} at ${field}.`, {
    remedy: 'Export the report again.',
    place: { ...place.place, field },
  });
}

type Place = { place?: { file: string } };

function parseJson(text: string, place: Place): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WorkbenchError('corrupt', 'The report’s data is damaged: it is not JSON.', {
      remedy: 'Export the report again, or use an undamaged copy.',
      cause,
      ...place,
    });
  }
}

function refuseOtherVersions(data: unknown, place: Place): void {
  const version = typeof data === 'object' && data !== null && 'version' in data ? data.version : undefined;
  if (version === 1) return;
  throw new WorkbenchError('unsupported', `The report’s data has version ${String(version)}; this workbench reads 1.`, {
    remedy: 'Open it with the release that wrote it.',
    ...place,
  });
}
