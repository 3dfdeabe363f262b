import { cliPage } from './cli-page.ts';
import { formatsPage } from './formats-page.ts';
import { metricsPage } from './metrics-page.ts';
import { mergePage, runSpecPage, studyPage } from './run-spec-page.ts';

/** The generated pages of docs/reference, by file name. */
export function referencePages(): Record<string, string> {
  return {
    'run-spec.md': runSpecPage(),
    'study-file.md': studyPage(),
    'merge-file.md': mergePage(),
    'cli.md': cliPage(),
    'formats.md': formatsPage(),
    'metrics.md': metricsPage(),
  };
}
